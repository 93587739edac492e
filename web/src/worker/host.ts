// The owner of the store: it does what the pages of all tabs ask for, and tells all of them what changes.
import { Client, type Change } from "../wasm/sotto_wasm_client.js";
import { failureFrom } from "../lib/check/failure.ts";
import { isOperation, type Call, type FromWorker } from "../lib/client/protocol.ts";
import { freed } from "./owner.ts";
import { retryWhileInUse } from "./retry.ts";

declare const self: DedicatedWorkerGlobalScope;

/** Where tabs find each other. What they then have to say goes over a channel of its own for each. */
export const HALL = "sotto-hall";

export type InHall = { type: "open" } | { type: "hello"; tab: string };

type Tell = (message: FromWorker) => void;

/** Opens the store and lets the pages of all tabs in. */
export async function openHouse(): Promise<House> {
  const pages = new Set<Tell>();
  const listener = (change: Change) => {
    for (const tell of pages) tell({ type: "change", change });
  };
  const house = new House(await openClient(listener), pages);
  house.open();
  return house;
}

/** A browser without private storage gets a store in memory, which the session says. */
async function openClient(listener: (change: Change) => void): Promise<Client> {
  try {
    return await retryWhileInUse(() => Client.open(false, listener));
  } catch (thrown) {
    if (failureFrom(thrown).code !== "no-opfs") throw thrown;
    return Client.open(true, listener);
  }
}

class House {
  readonly #client: Client;
  readonly #pages: Set<Tell>;
  /** Workers of other tabs that are in. Each may have said hello twice. */
  readonly #tabs = new Set<string>();

  constructor(client: Client, pages: Set<Tell>) {
    this.#client = client;
    this.#pages = pages;
  }

  open(): void {
    const hall = new BroadcastChannel(HALL);
    hall.onmessage = ({ data }: MessageEvent<InHall>) => {
      if (data.type === "hello") this.#letIn(data.tab);
    };
    const open: InHall = { type: "open" };
    hall.postMessage(open);
  }

  /** Takes the calls of a page from now on. */
  welcome(tell: Tell): (call: Call) => void {
    this.#pages.add(tell);
    tell({ type: "ready" });
    return (call) => void this.#take(call, tell);
  }

  /** The worker of another tab, for as long as it lives. */
  #letIn(tab: string): void {
    if (this.#tabs.has(tab)) return;
    this.#tabs.add(tab);
    const line = new BroadcastChannel(tab);
    const tell: Tell = (message) => line.postMessage(message);
    const take = this.welcome(tell);
    line.onmessage = ({ data }: MessageEvent<Call>) => take(data);
    void freed(tab).then(() => {
      this.#pages.delete(tell);
      this.#tabs.delete(tab);
      line.close();
    });
  }

  async #take({ id, operation, args }: Call, tell: Tell): Promise<void> {
    try {
      tell({ type: "answer", id, value: await this.#do(operation, args) });
    } catch (thrown) {
      tell({ type: "refusal", id, failure: failureFrom(thrown) });
      if (thrown instanceof WebAssembly.RuntimeError) self.close();
    }
  }

  #do(operation: unknown, args: unknown[]): unknown {
    if (!isOperation(operation)) throw new TypeError(`no operation: ${String(operation)}`);
    const method = this.#client[operation] as (...args: unknown[]) => unknown;
    return method.apply(this.#client, args);
  }
}
