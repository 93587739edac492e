// What the worker tells the page during the check, and nothing else: no message can carry a key.
import type { PrimitiveCheck, StoreReport } from "../../wasm/sotto_wasm_client.js";
import type { Failure } from "./failure.ts";

/** What the worker does, in this order; each needs the one before it. */
export const WORKER_STEPS = ["core", "primitives", "tab", "store"] as const;
export type WorkerStep = (typeof WORKER_STEPS)[number];

/** What a step has found out, for the steps that find something out. */
export interface Findings {
  core: { version: string };
  primitives: PrimitiveCheck[];
  store: StoreReport;
}

type Found = { [Step in keyof Findings]: { type: "found"; step: Step; finding: Findings[Step] } }[keyof Findings];

export type FromWorker =
  /** The worker's script has arrived and runs. */
  | { type: "started" }
  | { type: "running"; step: WorkerStep }
  /** Another tab has the store; `passed` follows as soon as it lets go. */
  | { type: "held"; step: "tab" }
  | Found
  | { type: "passed"; step: WorkerStep; elapsedMs: number }
  /** The last message: the worker goes no further. */
  | { type: "failed"; step: WorkerStep; failure: Failure };
