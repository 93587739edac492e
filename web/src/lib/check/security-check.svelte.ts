import { keepOffline } from "../offline.ts";
import { startCheckWorker } from "../trusted.ts";
import { CheckError, describe, failureFrom } from "./failure.ts";
import type { FromWorker } from "./protocol.ts";
import { apply, crash, freshProgress, verdictOf, type Progress, type StepName } from "./steps.ts";

/** A slow network may take long to bring the worker's script. After this it is said that nothing came. */
const WORKER_PATIENCE_MS = 30_000;

/** The check of this browser: starts the worker, follows what it says, and can be done again. */
export class SecurityCheck {
  progress = $state<Progress>(freshProgress());
  readonly verdict = $derived(verdictOf(this.progress.steps));
  #worker: Worker | undefined;

  /** Begins anew. The worker before is ended, which sets the store free for the one after. */
  async start(): Promise<void> {
    this.stop();
    this.progress = freshProgress();
    const { steps } = this.progress;
    if (!(await attempt(steps, "context", assertSecureContext))) return;
    await Promise.all([
      attempt(steps, "worker", () => this.#open(this.progress)),
      attempt(steps, "offline", keepOffline),
    ]);
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  /** Resolves when the worker's script runs; what it says from then on goes into the progress. */
  #open(progress: Progress): Promise<void> {
    const worker = spawn();
    this.#worker = worker;
    return new Promise((started, refused) => {
      const silence = () => refused(new CheckError("worker-silent", "no sign of life"));
      const patience = setTimeout(silence, WORKER_PATIENCE_MS);
      let alive = false;
      worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
        alive = true;
        clearTimeout(patience);
        started();
        apply(progress, data);
      });
      worker.addEventListener("error", (event) => {
        clearTimeout(patience);
        if (alive) crash(progress, event.message);
        else refused(new CheckError("worker-unavailable", event.message || "the script did not load"));
      });
    });
  }
}

async function attempt(steps: Progress["steps"], name: StepName, work: () => void | Promise<void>): Promise<boolean> {
  steps[name] = { state: "running" };
  const begun = performance.now();
  try {
    await work();
    steps[name] = { state: "ok", elapsedMs: performance.now() - begun };
    return true;
  } catch (thrown) {
    steps[name] = { state: "failed", failure: failureFrom(thrown) };
    return false;
  }
}

function assertSecureContext(): void {
  if (!isSecureContext) throw new CheckError("insecure-context", `${location.origin} is not a secure context`);
}

function spawn(): Worker {
  try {
    return startCheckWorker();
  } catch (thrown) {
    throw new CheckError("worker-unavailable", describe(thrown));
  }
}
