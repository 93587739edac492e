// A worker that does not own the store: it hands on what its page asks for to the one that does, and what that answers to its page.
import type { Call, FromWorker } from "../lib/client/protocol.ts";
import { HALL, type InHall } from "./host.ts";

export class Guest {
  /** The owner does what is asked here. */
  isServed = false;
  readonly #name: string;
  readonly #hall = new BroadcastChannel(HALL);
  readonly #line: BroadcastChannel;

  constructor(name: string, tell: (message: FromWorker) => void) {
    this.#name = name;
    this.#line = new BroadcastChannel(name);
    this.#line.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "ready") this.isServed = true;
      tell(data);
    };
    this.#hall.onmessage = ({ data }: MessageEvent<InHall>) => {
      if (data.type === "open") this.#sayHello();
    };
    this.#sayHello();
  }

  /** What nobody hears is asked again by the page once somebody is there. */
  ask(call: Call): void {
    this.#line.postMessage(call);
  }

  leave(): void {
    this.#line.close();
    this.#hall.close();
  }

  #sayHello(): void {
    const hello: InHall = { type: "hello", tab: this.#name };
    this.#hall.postMessage(hello);
  }
}
