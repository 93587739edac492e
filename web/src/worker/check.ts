// The worker that checks this browser: it loads the core and opens the store as the client does. The page sees what it reports, and
// nothing that it holds.
import { checkPrimitives, checkStore, coreVersion, type StoreReport } from "../wasm/sotto_wasm_client.js";
import { CheckError, failureFrom } from "../lib/check/failure.ts";
import type { FromWorker, WorkerStep } from "../lib/check/protocol.ts";
import { loadCore } from "./core.ts";
import { becomeOwner } from "./owner.ts";
import { retryWhileInUse } from "./retry.ts";

declare const self: DedicatedWorkerGlobalScope;

await run();

async function run(): Promise<void> {
  report({ type: "started" });
  const passed =
    (await step("core", openCore)) &&
    (await step("primitives", testPrimitives)) &&
    (await step("tab", () => becomeOwner(() => report({ type: "held", step: "tab" })))) &&
    (await step("store", openStore));
  // A worker that has failed must not keep others from the store. One that has passed keeps it until its tab is gone.
  if (!passed) self.close();
}

async function openCore(): Promise<void> {
  await loadCore();
  report({ type: "found", step: "core", finding: { version: coreVersion() } });
}

function testPrimitives(): void {
  const checks = checkPrimitives();
  report({ type: "found", step: "primitives", finding: checks });
  const wrong = checks.filter((check) => !check.passed).map((check) => check.name);
  if (wrong.length > 0 || checks.length === 0) throw new CheckError("primitive-wrong", wrong.join(", "));
}

async function openStore(): Promise<void> {
  const finding: StoreReport = await retryWhileInUse(() => checkStore(Date.now()));
  report({ type: "found", step: "store", finding });
}

/** Does one step and reports on it; false means that the steps after it cannot be done. */
async function step(name: WorkerStep, work: () => void | Promise<void>): Promise<boolean> {
  report({ type: "running", step: name });
  const begun = performance.now();
  try {
    await work();
  } catch (thrown) {
    report({ type: "failed", step: name, failure: failureFrom(thrown) });
    return false;
  }
  report({ type: "passed", step: name, elapsedMs: performance.now() - begun });
  return true;
}

function report(message: FromWorker): void {
  self.postMessage(message);
}
