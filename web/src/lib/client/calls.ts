// Calls on their way from a page to whoever does them, who may die in between. Nothing here touches a browser.
import { CheckError, type Failure } from "../check/failure.ts";
import { mayBeRepeated, type Arguments, type Call, type Operation, type Result } from "./protocol.ts";

interface Waiting {
  call: Call;
  posted: boolean;
  answer: (value: unknown) => void;
  refuse: (failure: unknown) => void;
}

/** What an operation was refused with. */
export class Refusal extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.code}: ${failure.detail}`);
    this.failure = failure;
  }
}

export class Calls {
  readonly #post: (call: Call) => void;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #ready = false;

  constructor(post: (call: Call) => void) {
    this.#post = post;
  }

  make<O extends Operation>(operation: O, args: Arguments<O>): Promise<Result<O>> {
    this.#last += 1;
    const call: Call<O> = { type: "call", id: this.#last, operation, args };
    return new Promise((answer, refuse) => {
      const waiting: Waiting = { call, posted: false, answer: answer as (value: unknown) => void, refuse };
      this.#waiting.set(call.id, waiting);
      if (this.#ready) this.#send(waiting);
    });
  }

  /** Somebody takes calls from now on. Whoever took them before has answered all that it ever will. */
  ready(): void {
    this.#ready = true;
    for (const waiting of [...this.#waiting.values()]) {
      if (!waiting.posted || mayBeRepeated(waiting.call.operation)) this.#send(waiting);
      else this.#end(waiting.call.id)?.refuse(new CheckError("interrupted", waiting.call.operation));
    }
  }

  /** Nobody takes calls for the moment. */
  away(): void {
    this.#ready = false;
  }

  answered(id: number, value: unknown): void {
    this.#end(id)?.answer(value);
  }

  refused(id: number, failure: Failure): void {
    this.#end(id)?.refuse(new Refusal(failure));
  }

  /** Nobody will take calls any more. */
  giveUp(failure: Failure): void {
    this.away();
    for (const id of [...this.#waiting.keys()]) this.refused(id, failure);
  }

  #send(waiting: Waiting): void {
    waiting.posted = true;
    this.#post(waiting.call);
  }

  #end(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
