// Files of this page that are on their way out. Who reads them may die with its tab; then the next one gets them from here.
import type { Change, NewMessage } from "../../wasm/sotto_wasm_client.js";
import { drawId, type Client } from "../client/client.ts";
import type { Pictures } from "./pictures.ts";
import type { Ready } from "./preparing.ts";
import type { Sounds } from "./sounds.ts";

interface Held {
  chat: string;
  files: Map<string, Blob>;
}

export class Outbox {
  readonly #client: Client;
  readonly #pictures: Pictures;
  readonly #sounds: Sounds;
  /** By the ids of their messages. */
  readonly #held = new Map<string, Held>();

  constructor(client: Client, pictures: Pictures, sounds: Sounds) {
    this.#client = client;
    this.#pictures = pictures;
    this.#sounds = sounds;
  }

  /** Resolves once the message cannot be lost any more, as long as large files stay where they are. */
  async send(chat: string, files: readonly Ready[], message: NewMessage): Promise<void> {
    const id = drawId();
    const sent = files.map((file) => ({ ...file, location: `held:${drawId()}` }));
    this.#held.set(id, { chat, files: new Map(sent.map(({ location, content }) => [location, content])) });
    sent.forEach(({ content, thumbnail, picture, sound }, place) => {
      if (picture) this.#pictures.keepOwn(id, place, thumbnail ?? content);
      if (sound) this.#sounds.keepOwn(id, place, content);
    });
    const described = sent.map(({ name, mediaType, location, picture, sound }) => ({
      name,
      mediaType,
      location,
      ...(picture && { picture }),
      ...(sound && { sound }),
    }));
    const contents = sent.flatMap(({ content, thumbnail }) => [content, ...(thumbnail ? [thumbnail] : [])]);
    await this.#client.call("sendFiles", chat, id, message, described, contents);
  }

  /** A person has chosen a file again that could not be read any more. */
  async provide(chat: string, event: string, location: string, content: Blob): Promise<void> {
    const held = this.#held.get(event) ?? { chat, files: new Map<string, Blob>() };
    held.files.set(location, content);
    this.#held.set(event, held);
    await this.#client.call("provideSource", location, content);
  }

  /** Hands in again what is still to be sent, to whoever reads it from now on. */
  async provideAll(): Promise<void> {
    const files = [...this.#held.values()].flatMap((held) => [...held.files]);
    for (const [location, content] of files) await this.#client.call("provideSource", location, content);
  }

  async cancel(event: string): Promise<void> {
    this.#held.delete(event);
    await this.#client.call("cancelFiles", event);
  }

  /** What was said needs nobody to hold it. */
  take(change: Change): void {
    if (change.type !== "timeline") return;
    for (const [event, { chat }] of this.#held) if (chat === change.chat) void this.#letGo(chat, event).catch(() => {});
  }

  async #letGo(chat: string, event: string): Promise<void> {
    if (await this.#client.call("message", chat, event)) this.#held.delete(event);
  }
}
