// The state of the check as plain data, and how messages change it. Nothing here touches a browser.
import type { Failure } from "./failure.ts";
import { WORKER_STEPS, type Findings, type FromWorker } from "./protocol.ts";

/** In the order in which they are shown. The page does the first two and the last, the worker what is between. */
export const STEPS = ["context", "worker", ...WORKER_STEPS, "offline"] as const;
export type StepName = (typeof STEPS)[number];

export type StepState =
  | { state: "waiting"; held?: true }
  | { state: "running" }
  | { state: "ok"; elapsedMs: number }
  | { state: "failed"; failure: Failure };

export interface Progress {
  steps: Record<StepName, StepState>;
  findings: Partial<Findings>;
}

export type Verdict = "running" | "held" | "ok" | "limited" | "failed";

export function freshProgress(): Progress {
  const steps = Object.fromEntries(STEPS.map((name) => [name, { state: "waiting" }]));
  return { steps: steps as Record<StepName, StepState>, findings: {} };
}

/** Takes in what the worker said. `started` says nothing about a step and changes nothing. */
export function apply(progress: Progress, message: FromWorker): void {
  switch (message.type) {
    case "started":
      return;
    case "running":
      progress.steps[message.step] = { state: "running" };
      return;
    case "held":
      progress.steps[message.step] = { state: "waiting", held: true };
      return;
    case "found":
      Object.assign(progress.findings, { [message.step]: message.finding });
      return;
    case "passed":
      progress.steps[message.step] = { state: "ok", elapsedMs: message.elapsedMs };
      return;
    case "failed":
      progress.steps[message.step] = { state: "failed", failure: message.failure };
  }
}

/** The worker died: what was under way will never be finished. */
export function crash(progress: Progress, detail: string): void {
  const { steps } = progress;
  steps.worker = { state: "failed", failure: { code: "worker-crashed", detail } };
  for (const name of WORKER_STEPS) {
    if (steps[name].state === "running" || steps[name].state === "waiting") steps[name] = { state: "waiting" };
  }
}

/** What it all amounts to. Only being able to open offline may be missing without harm. */
export function verdictOf(steps: Progress["steps"]): Verdict {
  const { offline, ...needed } = steps;
  const states = Object.values(needed);
  if (states.some((step) => step.state === "failed")) return "failed";
  if (states.some((step) => step.state === "waiting" && step.held)) return "held";
  if (states.some((step) => step.state !== "ok")) return "running";
  if (offline.state === "failed") return "limited";
  return offline.state === "ok" ? "ok" : "running";
}
