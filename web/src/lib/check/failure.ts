// Everything that can go wrong before a person sees a chat, as a code. Each has a sentence in the catalogues that says
// what happened and one that says what to do; `detail` is for a report, and is never the only thing that is shown.
import type { Failure as CoreFailure } from "../../wasm/sotto_wasm_client.js";

/** What the core reports, each code spelled out, so that one that Rust adds or drops does not compile here. */
const CORE_CODES: Record<CoreFailure["code"], true> = {
  "no-opfs": true,
  "in-use": true,
  "key-lost": true,
  damaged: true,
  full: true,
  newer: true,
  "signed-out": true,
  "signed-in": true,
  "no-such-chat": true,
  "too-long": true,
  "wrong-words": true,
  "no-history": true,
  "others-history": true,
  "broken-history": true,
  unusable: true,
  failed: true,
};

/** What goes wrong around the core. */
export type ShellFailureCode =
  | "insecure-context"
  | "no-wasm"
  | "no-locks"
  | "worker-unavailable"
  | "worker-crashed"
  | "worker-silent"
  | "core-blocked"
  | "core-missing"
  | "core-unreachable"
  | "core-wrong-type"
  | "core-damaged"
  | "core-crashed"
  | "interrupted"
  | "primitive-wrong"
  | "offline-unsupported"
  | "offline-failed";

export type FailureCode = CoreFailure["code"] | ShellFailureCode;

export interface Failure {
  code: FailureCode;
  detail: string;
}

/** A failure on its way up. */
export class CheckError extends Error {
  readonly code: ShellFailureCode;

  constructor(code: ShellFailureCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** The failure that something thrown stands for. Never throws, whatever it is given. */
export function failureFrom(thrown: unknown): Failure {
  if (thrown instanceof CheckError) return { code: thrown.code, detail: thrown.message };
  if (isCoreFailure(thrown)) return { code: thrown.code, detail: thrown.message };
  // A panic in the core ends in a trap, after which its memory is not to be trusted.
  if (thrown instanceof WebAssembly.RuntimeError) return { code: "core-crashed", detail: describe(thrown) };
  return { code: "failed", detail: describe(thrown) };
}

/** What was thrown, in a line for a report. */
export function describe(thrown: unknown): string {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
  if (typeof thrown === "string") return thrown;
  return Object.prototype.toString.call(thrown);
}

function isCoreFailure(thrown: unknown): thrown is CoreFailure {
  if (typeof thrown !== "object" || thrown === null) return false;
  if (!("code" in thrown) || !("message" in thrown)) return false;
  return (
    typeof thrown.code === "string" && Object.hasOwn(CORE_CODES, thrown.code) && typeof thrown.message === "string"
  );
}
