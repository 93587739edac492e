import type { Found } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import { Fresh } from "./fresh.ts";

/** So many hits are shown of all chats, and so many gone through in one. */
const FOUND_MAX = 50;
const FOUND_IN_CHAT_MAX = 200;

/** Looks for words while somebody types them, in all chats or in one. */
export class Finder {
  query = $state("");
  found = $state.raw<Found[]>([]);
  /** What `found` was found for. */
  answered = $state("");
  readonly #client: Client;
  readonly #chat: string | undefined;
  readonly #look = new Fresh(() => this.#search());

  constructor(client: Client, chat?: string) {
    this.#client = client;
    this.#chat = chat;
  }

  look(): void {
    this.#look.want();
  }

  clear(): void {
    this.query = "";
    this.look();
  }

  async #search(): Promise<void> {
    const query = this.query.trim();
    const chat = this.#chat;
    const wanted = chat ? { query, chat, limit: FOUND_IN_CHAT_MAX } : { query, limit: FOUND_MAX };
    const found = query === "" ? [] : await this.#client.call("search", wanted);
    this.found = found;
    this.answered = query;
  }
}
