import type { Attempt, Change } from "../../wasm/sotto_wasm_client.js";
import { failureFrom } from "../check/failure.ts";
import { Refusal } from "../client/calls.ts";
import type { Client } from "../client/client.ts";
import { factorCode, obstacleOf, type Obstacle } from "./entry.ts";

/** Something that takes the password, and a code where there is a second factor. What is typed is handed on and kept nowhere. */
export class Errand {
  phase = $state<"asking" | "working" | "code" | "done">("asking");
  obstacle = $state<Obstacle>();
  readonly #client: Client;
  readonly #attempt: Attempt["type"];
  readonly #isEnd: (change: Change) => boolean;

  /** Ends with a change of its own where what was attempted is not done yet, only begun. */
  constructor(client: Client, attempt: Attempt["type"], isEnd?: (change: Change) => boolean) {
    this.#client = client;
    this.#attempt = attempt;
    this.#isEnd = isEnd ?? ((change) => change.type === "done" && change.attempt.type === attempt);
  }

  /** Resolves when it is on its way; `phase` tells how it goes. */
  async run(work: () => Promise<void>): Promise<void> {
    this.phase = "working";
    this.obstacle = undefined;
    try {
      await work();
    } catch (thrown) {
      const { code } = thrown instanceof Refusal ? thrown.failure : failureFrom(thrown);
      this.obstacle = code === "unusable" ? "password-unusable" : "failed";
      this.phase = "asking";
    }
  }

  confirm(code: string): Promise<void> {
    return this.run(() => this.#client.call("secondFactor", factorCode(code)));
  }

  /** Listens until the returned function is called. */
  listen(): () => void {
    return this.#client.listen({ changed: (change) => this.#take(change) });
  }

  #take(change: Change): void {
    // Another tab may be about something of its own.
    if (this.phase !== "working") return;
    const obstacle = obstacleOf(change, this.#attempt);
    if (obstacle) {
      this.obstacle = obstacle;
      this.phase = obstacle === "wrong-code" ? "code" : "asking";
    }
    if (change.type === "second-factor-needed") this.phase = "code";
    if (this.#isEnd(change)) this.phase = "done";
  }
}
