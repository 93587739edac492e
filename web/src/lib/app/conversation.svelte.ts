import type { Change, Chat, Contact, KeyChoice, Member, Page, Session } from "../../wasm/sotto_wasm_client.js";
import { drawId, type Client } from "../client/client.ts";
import { Fresh } from "./fresh.ts";
import { rowsOf } from "./timeline.ts";

/** So many items are looked at at first, and so many more each time somebody scrolls beyond them. */
const STRETCH = 60;
/** Who has said to be writing is believed for so long. */
const TYPING_MS = 6000;
/** How often it is said that somebody is writing. */
const TYPING_PAUSE_MS = 3000;

const EMPTY: Page = { items: [], lines: [], queued: [], hasMore: false };

/** One chat that is open. */
export class Conversation {
  readonly id: string;
  chat = $state.raw<Chat>();
  /** The other side of a chat of two. */
  contact = $state.raw<Contact>();
  members = $state.raw<Member[]>([]);
  page = $state.raw<Page>(EMPTY);
  loaded = $state(false);
  /** Who is writing. */
  typing = $state.raw<string[]>([]);
  own = $state("");
  #unreadAfter = $state(0);
  #limit = STRETCH;
  #told = 0;
  readonly #client: Client;
  readonly #look = new Fresh(() => this.#read());
  readonly #stops = new Map<string, ReturnType<typeof setTimeout>>();

  readonly #others = $derived(this.members.filter(({ account }) => account !== this.own));
  readonly readSeq = $derived(Math.max(0, ...this.#others.map(({ readSeq }) => readSeq)));
  readonly rows = $derived(rowsOf(this.page, { own: this.own, readSeq: this.readSeq, unreadAfter: this.#unreadAfter }));
  readonly names = $derived(new Map(this.members.map(({ account, name }) => [account, name])));

  constructor(client: Client, id: string) {
    this.#client = client;
    this.id = id;
    this.look();
  }

  look(): void {
    this.#look.want();
  }

  take(change: Change): void {
    if (change.type === "typing" && change.chat === this.id) this.#hear(change.who, change.stopped);
    if ("account" in change && change.account === this.contact?.account) this.look();
    if (change.type === "chats" || ("chat" in change && change.chat === this.id)) this.look();
  }

  /** Resolves once it cannot be lost any more. */
  async send(text: string): Promise<void> {
    await this.#client.call("send", this.id, drawId(), { text });
  }

  unsend(id: string): Promise<boolean> {
    return this.#client.call("unsend", id);
  }

  keepDraft(draft: string): void {
    if (draft === this.chat?.draft) return;
    void this.#client.call("keepDraft", this.id, draft).catch(() => {});
  }

  /** Says that the person is writing, now and then. */
  write(): void {
    if (Date.now() - this.#told < TYPING_PAUSE_MS) return;
    this.#told = Date.now();
    void this.#client.call("typing", this.id, false).catch(() => {});
  }

  /** Takes the key that the other side was seen with lately, or keeps the one that was known. */
  decideOnKey(choice: KeyChoice): Promise<void> {
    return this.#client.call("decideOnKey", this.contact?.account ?? "", choice);
  }

  accept(): Promise<void> {
    return this.#client.call("accept", this.id);
  }

  decline(block: boolean): Promise<void> {
    return this.#client.call("decline", this.id, block);
  }

  /** Everything that is here was seen. */
  seen(): void {
    const last = this.page.items.at(-1);
    if (last && (this.chat?.unread ?? 0) > 0) void this.#client.call("markRead", this.id, last.seq).catch(() => {});
  }

  /** Somebody has scrolled to the beginning of what is shown. */
  older(): void {
    if (this.page.items.length >= this.#limit) this.#limit += STRETCH;
    else if (this.page.hasMore) void this.#client.call("wantHistory", this.id).catch(() => {});
    else return;
    this.look();
  }

  close(): void {
    for (const stop of this.#stops.values()) clearTimeout(stop);
    this.#stops.clear();
  }

  async #read(): Promise<void> {
    const [session, chat, members, page]: [Session, Chat | undefined, Member[], Page] = await Promise.all([
      this.#client.call("session"),
      this.#client.call("chat", this.id),
      this.#client.call("members", this.id),
      this.#client.call("page", this.id, undefined, this.#limit),
    ]);
    this.contact = chat?.other ? await this.#client.call("contact", chat.other) : undefined;
    this.#heardOut(page);
    const own = members.find(({ account }) => account === session.account);
    if (!this.loaded && chat && chat.unread > 0) this.#unreadAfter = own?.readSeq ?? 0;
    this.own = session.account ?? "";
    this.members = members;
    this.page = page;
    this.chat = chat;
    this.loaded = true;
  }

  /** Who has just said something is not writing it any more. */
  #heardOut(page: Page): void {
    const last = page.items.at(-1);
    if (last && last.seq !== this.page.items.at(-1)?.seq) this.#hear(last.author, true);
  }

  #hear(who: string, stopped: boolean): void {
    clearTimeout(this.#stops.get(who));
    this.typing = this.typing.filter((other) => other !== who);
    if (stopped || who === this.own) return;
    this.typing = [...this.typing, who];
    this.#stops.set(
      who,
      setTimeout(() => this.#hear(who, true), TYPING_MS),
    );
  }
}
