import type {
  About,
  Change,
  Chat,
  Contact,
  Item,
  KeyChoice,
  Member,
  Session,
  Transfer,
  Waiting,
} from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import { Acts, type Logged } from "./acts.ts";
import { Fresh } from "./fresh.ts";
import type { Range } from "./rich-text.ts";
import { Stretch } from "./stretch.svelte.ts";
import { daysOf, peopleOf, rowsOf, type Row } from "./timeline.ts";
import { Typing } from "./typing.svelte.ts";

/** What the composer is about to do, beside saying something new. */
export type Purpose = { type: "answer" | "edit"; bubble: Logged };

/** What is asked about a message before it is done. */
export type Question = { type: "delete" | "forward" | "emoji"; bubble: Logged };

/** One chat that is open. */
export class Conversation {
  readonly id: string;
  chat = $state.raw<Chat>();
  /** The other side of a chat of two. */
  contact = $state.raw<Contact>();
  members = $state.raw<Member[]>([]);
  about = $state.raw<About>();
  pinned = $state.raw<Item[]>([]);
  /** Messages that wait for their files. */
  waiting = $state.raw<Waiting[]>([]);
  /** Files that come, or have come. */
  downloads = $state.raw<Transfer[]>([]);
  /** What is about to be sent. */
  attached = $state.raw<File[]>([]);
  /** The picture that is looked at. */
  viewing = $state.raw<{ event: string; place: number }>();
  loaded = $state(false);
  own = $state("");
  purpose = $state.raw<Purpose>();
  question = $state.raw<Question>();
  /** Whether words are looked for in it. */
  searching = $state(false);
  /** Whether what there is to know about it is shown. */
  informing = $state(false);
  /** The row to be brought into sight. */
  goal = $state<string>();
  /** What was found in messages, by their ids. */
  found = $state.raw<Readonly<Record<string, readonly Range[]>>>({});
  readonly acts: Acts;
  readonly stretch: Stretch;
  readonly typing = new Typing();
  #unreadAfter = $state(0);
  #told = 0;
  #membersChanged = true;
  readonly #client: Client;
  readonly #look = new Fresh(() => this.#read());
  readonly #lookAtFiles = new Fresh(() => this.#readFiles());

  readonly #others = $derived(this.members.filter(({ account }) => account !== this.own));
  readonly readSeq = $derived(Math.max(0, ...this.#others.map(({ readSeq }) => readSeq)));
  /** Who began a chat of two is no news to either of them. */
  readonly #shown = $derived.by(() => {
    const { page } = this.stretch;
    if (this.chat?.kind === "group") return page;
    return { ...page, lines: page.lines.filter(({ line }) => line.type !== "added") };
  });
  readonly rows: Row[] = $derived.by(() =>
    rowsOf(this.#shown, { own: this.own, readSeq: this.readSeq, unreadAfter: this.#unreadAfter }, this.waiting),
  );
  readonly days = $derived(daysOf(this.rows));
  /** The names of those who were here once. */
  #former = $state.raw<readonly [account: string, name: string][]>([]);
  readonly names = $derived(
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- made anew each time, and never changed
    new Map([...this.#former, ...this.members.map(({ account, name }): [string, string] => [account, name])]),
  );

  constructor(client: Client, id: string) {
    this.#client = client;
    this.id = id;
    this.acts = new Acts(client, id);
    this.stretch = new Stretch(client, id);
    this.look();
  }

  look(): void {
    this.#look.want();
  }

  take(change: Change): void {
    if (change.type === "typing" && change.chat === this.id && change.who !== this.own)
      this.typing.hear(change.who, change.stopped);
    if ("account" in change && change.account === this.contact?.account) this.look();
    if (change.type === "transfer") this.#lookAtFiles.want();
    if (change.type === "members" && change.chat === this.id) this.#membersChanged = true;
    if (change.type === "chats" || ("chat" in change && change.chat === this.id)) this.look();
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
    if (this.typing.isDue()) void this.#client.call("typing", this.id, false).catch(() => {});
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

  /** Everything up to a place was seen. */
  seen(seq: number): void {
    if (seq <= this.#told || (this.chat?.unread ?? 0) === 0) return;
    this.#told = seq;
    void this.#client.call("markRead", this.id, seq).catch(() => {});
  }

  /** Somebody has scrolled to the beginning of what is held. */
  older(): void {
    if (this.stretch.page.older) this.#go({ to: "older" });
    else if (this.stretch.page.hasMore) void this.#client.call("wantHistory", this.id).catch(() => {});
  }

  newer(): void {
    if (this.stretch.page.newer) this.#go({ to: "newer" });
  }

  toEnd(): void {
    this.goal = "end";
    this.#go({ to: "end" });
  }

  /** Brings a message into sight. False if it is not on this device. */
  async show(event: string): Promise<boolean> {
    const item = await this.#client.call("message", this.id, event);
    if (item) this.#goTo(item.seq, event);
    return item !== undefined;
  }

  /** Goes to where a day begins, or to the next one on which something was said. */
  async showDay(atMs: number): Promise<void> {
    const seq = await this.#client.call("placeAt", this.id, atMs);
    if (seq === undefined) this.toEnd();
    else this.#goTo(seq);
  }

  close(): void {
    this.typing.close();
  }

  #goTo(seq: number, key?: string): void {
    this.goal = key ?? `at ${seq}`;
    this.stretch.following = false;
    this.#go({ to: "place", seq });
  }

  #go(move: Parameters<Stretch["want"]>[0]): void {
    this.stretch.want(move);
    this.look();
  }

  async #read(): Promise<void> {
    const [session, chat, members, pinned]: [Session, Chat | undefined, Member[], Item[]] = await Promise.all([
      this.#client.call("session"),
      this.#client.call("chat", this.id),
      this.#client.call("members", this.id),
      this.#client.call("pinned", this.id),
    ]);
    this.contact = chat?.other ? await this.#client.call("contact", chat.other) : undefined;
    if (this.#membersChanged || chat?.ready !== this.chat?.ready) await this.lookAbout();
    this.own = session.account ?? "";
    this.members = members;
    this.pinned = pinned;
    if (!this.loaded && !this.goal && chat && chat.unread > 0) this.#beginAtUnread();
    const last = this.stretch.page.items.at(-1);
    await this.stretch.read();
    await this.#readFiles();
    this.#heardOut(last);
    await this.#nameFormer();
    this.chat = chat;
    this.loaded = true;
  }

  async #readFiles(): Promise<void> {
    const { waiting, downloads } = await this.#client.call("transfers", this.id);
    const isLeft = ({ id }: Waiting) => waiting.some((one) => one.id === id);
    // What waits no longer is in the log or on its way there, and does not vanish in between.
    if (!this.waiting.every(isLeft)) await this.stretch.read();
    this.waiting = waiting;
    this.downloads = downloads;
  }

  /** What the chat is about, and what one may do there. */
  async lookAbout(): Promise<void> {
    this.#membersChanged = false;
    this.about = await this.#client.call("about", this.id);
  }

  /** Whoever has left is still called by name. */
  async #nameFormer(): Promise<void> {
    const unnamed = peopleOf(this.stretch.page).filter((account) => !this.names.has(account));
    if (unnamed.length === 0) return;
    const contacts = await Promise.all(unnamed.map((account) => this.#client.call("contact", account)));
    const named = unnamed.map((account, at): [string, string] => [account, contacts[at]?.userName ?? ""]);
    this.#former = [...this.#former, ...named];
  }

  #beginAtUnread(): void {
    this.#unreadAfter = this.members.find(({ account }) => account === this.own)?.readSeq ?? 0;
    if (this.#unreadAfter === 0) return;
    this.goal = "unread";
    this.stretch.following = false;
    this.stretch.want({ to: "place", seq: this.#unreadAfter + 1 });
  }

  /** Who has just said something is not writing it any more. */
  #heardOut(before: Item | undefined): void {
    const last = this.stretch.page.items.at(-1);
    if (last && last.seq !== before?.seq) this.typing.hear(last.author, true);
  }
}
