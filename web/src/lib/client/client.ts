// The page's side of the client: it starts the worker, and another one when that dies, asks it for operations and hears of changes.
// It holds no message longer than it takes to hand it on, and no key at all.
import type { Change } from "../../wasm/sotto_wasm_client.js";
import { describe, type Failure } from "../check/failure.ts";
import { startWorker } from "../trusted.ts";
import { Calls } from "./calls.ts";
import type { Arguments, FromWorker, Operation, Result } from "./protocol.ts";

export type State =
  | { state: "starting" }
  /** Another tab has the store and does not answer. */
  | { state: "waiting" }
  | { state: "ready" }
  | { state: "broken"; failure: Failure };

export interface Listener {
  changed?: (change: Change) => void;
  /** What was asked before may have changed without a word when `ready` comes again. */
  moved?: (state: State) => void;
}

/** A worker that dies so often one after the other will not live. */
const DEATHS_MAX = 3;
const LIFE_MS = 10_000;

export class Client {
  state: State = { state: "starting" };
  readonly #calls = new Calls((call) => this.#worker?.postMessage(call));
  readonly #listeners = new Set<Listener>();
  #worker: Worker | undefined;
  #started = 0;
  #deaths = 0;

  constructor() {
    this.#start();
  }

  /** Asks for an operation. It is done by whichever tab has the store, also if that changes on the way. */
  call<O extends Operation>(operation: O, ...args: Arguments<O>): Promise<Result<O>> {
    return this.#calls.make(operation, args);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the worker, which sets the store free. */
  stop(): void {
    this.#end();
    this.#calls.giveUp({ code: "interrupted", detail: "stopped" });
  }

  /** Begins anew, after everything is broken. */
  restart(): void {
    this.#deaths = 0;
    this.#end();
    this.#start();
  }

  #start(): void {
    this.#started = Date.now();
    this.#move({ state: "starting" });
    if (!isSecureContext) {
      this.#break({ code: "insecure-context", detail: `${location.origin} is not a secure context` });
      return;
    }
    try {
      const worker = startWorker();
      this.#worker = worker;
      worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.#heard(worker, data));
      worker.addEventListener("error", (event) => this.#died(worker, event.message || "the script did not load"));
    } catch (thrown) {
      this.#break({ code: "worker-unavailable", detail: describe(thrown) });
    }
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #heard(worker: Worker, message: FromWorker): void {
    if (worker !== this.#worker) return;
    switch (message.type) {
      case "alive":
        // Nothing else tells that a worker is dead: it may have been killed from outside, or have run out of memory.
        void navigator.locks?.request(message.lock, () => this.#died(worker, "gone without a word"));
        return;
      case "waiting":
        this.#move({ state: "waiting" });
        return;
      case "ready":
        this.#move({ state: "ready" });
        this.#calls.ready();
        return;
      case "answer":
        this.#calls.answered(message.id, message.value);
        return;
      case "refusal":
        this.#calls.refused(message.id, message.failure);
        return;
      case "change":
        for (const listener of this.#listeners) listener.changed?.(message.change);
        return;
      case "broken":
        this.#break(message.failure);
    }
  }

  #died(worker: Worker, detail: string): void {
    if (worker !== this.#worker) return;
    this.#end();
    this.#calls.away();
    this.#deaths = Date.now() - this.#started < LIFE_MS ? this.#deaths + 1 : 1;
    if (this.#deaths > DEATHS_MAX) this.#break({ code: "worker-crashed", detail });
    else this.#start();
  }

  #break(failure: Failure): void {
    this.#end();
    this.#calls.giveUp(failure);
    this.#move({ state: "broken", failure });
  }

  #move(state: State): void {
    this.state = state;
    for (const listener of this.#listeners) listener.moved?.(state);
  }
}

/** An id for something that is said, so that it is said once. */
export function drawId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
