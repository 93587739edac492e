import type { Member, NewMessage } from "../../wasm/sotto_wasm_client.js";
import { drawId, type Client } from "../client/client.ts";
import { sourceOf } from "./rich-text.ts";
import type { Bubble } from "./timeline.ts";

/** A message that stands in the log, and so can be acted on. */
export type Logged = Bubble & { seq: number };

export function isLogged(bubble: Bubble): bubble is Logged {
  return bubble.seq !== undefined;
}

/** So much of a message is quoted by its answers, in bytes. */
const QUOTE_MAX = 500;

/** What is said and done in one chat. Each resolves once it cannot be lost any more. */
export class Acts {
  readonly #client: Client;
  readonly #chat: string;

  constructor(client: Client, chat: string) {
    this.#client = client;
    this.#chat = chat;
  }

  send(text: string, members: readonly Member[], answered?: Logged): Promise<void> {
    return this.#client.call("send", this.#chat, drawId(), newMessage(text, members, answered));
  }

  edit(bubble: Logged, text: string, members: readonly Member[]): Promise<void> {
    const message: NewMessage = { text, called: calledOf(members) };
    return this.#client.call("edit", this.#chat, drawId(), target(bubble), message);
  }

  remove(bubble: Logged): Promise<void> {
    return this.#client.call("deleteMessage", this.#chat, drawId(), target(bubble));
  }

  react(bubble: Logged, emoji: string, remove: boolean): Promise<void> {
    return this.#client.call("react", this.#chat, drawId(), target(bubble), emoji, remove);
  }

  pin(bubble: Logged, remove: boolean): Promise<void> {
    return this.#client.call("pin", this.#chat, drawId(), target(bubble), remove);
  }

  forward(bubble: Logged, to: string): Promise<void> {
    return this.#client.call("forward", this.#chat, bubble.id, to, drawId());
  }

  describe(title: string, description: string): Promise<void> {
    return this.#client.call("setTitle", this.#chat, drawId(), title, description);
  }
}

export function newMessage(text: string, members: readonly Member[], answered?: Logged): NewMessage {
  const message: NewMessage = { text, called: calledOf(members) };
  if (answered) message.replyTo = { target: target(answered), author: answered.author, quote: quoteOf(answered) };
  return message;
}

function target({ id, seq }: Logged) {
  return { event: id, seq };
}

function calledOf(members: readonly Member[]) {
  return members.filter(({ userName }) => userName !== "").map(({ userName, account }) => ({ userName, account }));
}

/** The beginning of what a message says, which has to be in it as it stands here. */
export function quoteOf({ what }: Bubble): string {
  if (what.type !== "message") return "";
  let quote = "";
  let bytes = 0;
  for (const sign of what.text) {
    bytes += new TextEncoder().encode(sign).length;
    if (bytes > QUOTE_MAX) break;
    quote += sign;
  }
  return quote;
}

/** What somebody who edits a message begins with. */
export function editable({ what }: Bubble): string {
  return what.type === "message" ? sourceOf(what.tree) : "";
}
