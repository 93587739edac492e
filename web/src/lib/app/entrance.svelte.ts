import type { Change, WordsVerdict } from "../../wasm/sotto_wasm_client.js";
import { failureFrom } from "../check/failure.ts";
import { Refusal } from "../client/calls.ts";
import type { Client } from "../client/client.ts";
import { deviceName } from "./device-name.ts";
import { factorCode, obstacleOf, type Obstacle } from "./entry.ts";

export interface Person {
  name: string;
  password: string;
}

/** The door: where somebody is on the way in. A password is handed on and kept nowhere. */
export class Entrance {
  phase = $state<"asking" | "working" | "code">("asking");
  obstacle = $state<Obstacle>();
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  register({ name, password }: Person): Promise<void> {
    const person = { userName: name, email: "", password, deviceName: deviceName(navigator.userAgent) };
    return this.#try("name-unusable", () => this.#client.call("register", person));
  }

  signIn({ name, password }: Person): Promise<void> {
    const login = { loginName: loginName(name), password, deviceName: deviceName(navigator.userAgent) };
    return this.#try("wrong-password", () => this.#client.call("signIn", login));
  }

  /** Comes back by the words on paper, with a new password. */
  recover({ name, password }: Person, words: string): Promise<void> {
    const recovery = { loginName: loginName(name), words, newPassword: password };
    return this.#try("password-unusable", () =>
      this.#client.call("recover", { ...recovery, deviceName: deviceName(navigator.userAgent) }),
    );
  }

  /** What keeps a text from being recovery words. */
  judge(words: string): Promise<WordsVerdict> {
    return this.#client.call("judgeWords", words);
  }

  confirm(code: string): Promise<void> {
    return this.#try("wrong-code", () => this.#client.call("secondFactor", factorCode(code)));
  }

  take(change: Change): void {
    const obstacle = obstacleOf(change);
    if (obstacle) {
      this.obstacle = obstacle;
      this.phase = obstacle === "wrong-code" ? "code" : "asking";
    }
    if (change.type === "second-factor-needed") this.phase = "code";
    if (change.type === "signed-in" || change.type === "wiped") this.phase = "asking";
  }

  /** `unusable` is what it means here when the core cannot use what was typed. */
  async #try(unusable: Obstacle, work: () => Promise<void>): Promise<void> {
    this.phase = "working";
    this.obstacle = undefined;
    try {
      await work();
    } catch (thrown) {
      const { code } = thrown instanceof Refusal ? thrown.failure : failureFrom(thrown);
      this.obstacle = code === "unusable" ? unusable : "failed";
      this.phase = "asking";
    }
  }
}

function loginName(typed: string): string {
  return typed.trim().toLowerCase().replace(/^@/, "");
}
