import type { Page } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import { around, newer, NEWEST, older, settled, STEP, type Window } from "./window.ts";

type Move = { to: "older" | "newer" | "end" } | { to: "place"; seq: number };

const EMPTY: Page = { items: [], lines: [], queued: [], older: false, newer: false, hasMore: false };

/** The part of a timeline that the page holds: what is near to what one looks at. */
export class Stretch {
  page = $state.raw<Page>(EMPTY);
  /** Whether one looks at the end, and what comes next shall be seen. */
  following = true;
  readonly #client: Client;
  readonly #chat: string;
  #window: Window = NEWEST;
  #move: Move | undefined;

  constructor(client: Client, chat: string) {
    this.#client = client;
    this.#chat = chat;
  }

  /** Whether it is on its way to another place. */
  get moving(): boolean {
    return this.#move !== undefined;
  }

  /** Where to go when it is read next. */
  want(move: Move): void {
    this.#move = move;
  }

  async read(): Promise<void> {
    const move = this.#move;
    this.#move = undefined;
    if (move) this.#window = await this.#moved(move);
    const page = await this.#look();
    this.#window = settled(this.#window, page.items, this.following, page.newer);
    this.page = page;
  }

  #look(): Promise<Page> {
    const { from, size } = this.#window;
    return from === undefined
      ? this.#client.call("page", this.#chat, undefined, size)
      : this.#client.call("pageAfter", this.#chat, from - 1, size);
  }

  async #moved(move: Move): Promise<Window> {
    switch (move.to) {
      case "end":
        return NEWEST;
      case "newer":
        return newer(this.#window, this.page.items);
      case "older":
        return older(this.#window, await this.#before(this.page.items[0]?.seq));
      case "place":
        return around(move.seq, await this.#before(move.seq));
    }
  }

  async #before(seq: number | undefined) {
    return (await this.#client.call("page", this.#chat, seq, STEP)).items;
  }
}
