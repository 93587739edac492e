import { createContext } from "svelte";
import type { Change, Chat, Found, Preferences, Session, StoreState } from "../../wasm/sotto_wasm_client.js";
import { Client, type State } from "../client/client.ts";
import { Arrivals } from "../files/arrivals.ts";
import { Outbox } from "../files/outbox.ts";
import { Pictures } from "../files/pictures.ts";
import { Saving } from "../files/saving.svelte.ts";
import { Sounds } from "../files/sounds.ts";
import { ALL, arranged, foldersOf, type Shelf, waiting } from "./chat-list.ts";
import { leaveNothing } from "./farewell.ts";
import { Conversation } from "./conversation.svelte.ts";
import { Entrance } from "./entrance.svelte.ts";
import { Finder } from "./finder.svelte.ts";
import { Fresh } from "./fresh.ts";
import { Notifier } from "./notifier.svelte.ts";
import { newsOf, type News } from "./notify.ts";

const MINUTE_MS = 60_000;
const CHAT = /^#chat\/([0-9a-f]{32})$/;

/** What lies over everything else. */
export type Over = { type: "group" | "palette" | "keys" | "notifications" } | { type: "folders"; chat: string };

/** The messenger in one tab: who is here, which chats there are, and the one that is open. */
export class Messenger {
  state = $state<State>({ state: "starting" });
  session = $state.raw<Session>();
  /** Whether what is new can be kept on this device. */
  store = $state<StoreState>("works");
  chats = $state.raw<Chat[]>([]);
  open = $state.raw<Conversation>();
  /** How far this browser has come with forgetting an account that it has left. */
  farewell = $state<"leaving" | "deleted" | "gone" | "gone in part">();
  shelf = $state.raw<Shelf>(ALL);
  dialog = $state.raw<Over>();
  readonly client = new Client();
  readonly entrance = new Entrance(this.client);
  readonly finder = new Finder(this.client);
  readonly notifier = new Notifier();
  readonly #arrivals = new Arrivals(this.client);
  readonly pictures = new Pictures(this.#arrivals);
  readonly sounds = new Sounds(this.#arrivals);
  readonly outbox = new Outbox(this.client, this.pictures, this.sounds);
  readonly saving = new Saving(this.#arrivals);
  /** Called with what came in while the person looked elsewhere. */
  onnews: (news: News) => void = () => {};
  #wanted: Found | undefined;
  #isCaughtUp = false;
  #isDeleted = false;
  readonly #session = new Fresh(async () => void (this.session = await this.client.call("session")));
  readonly #chats = new Fresh(async () => this.#takeChats(await this.client.call("chats")));

  readonly requests = $derived(this.chats.filter(({ stand }) => stand === "requested"));
  readonly listed = $derived(arranged(this.chats, this.shelf));
  readonly archived = $derived(arranged(this.chats, { type: "archive" }));
  readonly folders = $derived(foldersOf(this.chats));

  /** Works until the returned function is called. */
  run(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const forget = this.client.listen({ changed: (change) => this.#take(change), moved: (state) => this.#move(state) });
    addEventListener("hashchange", () => this.#follow(), { signal });
    addEventListener("online", () => void this.client.call("tryNow"), { signal });
    const appear = () => this.#appear();
    document.addEventListener("visibilitychange", appear, { signal });
    const minute = setInterval(appear, MINUTE_MS);
    this.#move(this.client.state);
    return () => {
      clearInterval(minute);
      stop.abort();
      forget();
      this.client.stop();
    };
  }

  #move(state: State): void {
    this.state = state;
    if (state.state !== "ready") return;
    this.store = "works";
    // What was missed while nobody told is looked at again.
    this.#session.want();
    this.#chats.want();
    this.open?.look();
    this.#arrivals.lookAgain();
    void this.outbox.provideAll().catch(() => {});
    this.#follow();
  }

  #take(change: Change): void {
    // What is done with a password by somebody who is in is no entering.
    if (!this.session?.signedIn) this.entrance.take(change);
    this.open?.take(change);
    this.outbox.take(change);
    switch (change.type) {
      case "transfer":
        this.#arrivals.take(change);
        return;
      case "started":
        this.show(change.chat);
        break;
      case "done":
        this.#isDeleted ||= change.attempt.type === "deletion";
        break;
      case "store":
        this.store = change.state;
        break;
      case "wiped":
        void this.#depart();
        return;
      case "online":
        this.#session.want();
        if (change.online) this.#appear();
        break;
      case "signed-in":
      case "signed-out":
      case "account":
      case "devices":
        this.#session.want();
        break;
    }
    this.#chats.want();
  }

  #takeChats(chats: Chat[]): void {
    // What was here when the page opened is no news.
    const news = this.#isCaughtUp ? newsOf(this.chats, chats, Date.now()) : [];
    this.#isCaughtUp = true;
    this.chats = chats;
    // Where the app is installed, its icon says so.
    void navigator.setAppBadge?.(waiting(chats, Date.now())).catch(() => {});
    // Whoever looks at the list sees it there.
    const isSeen = ({ chat }: News) => !document.hidden && (!this.open || chat.id === this.open.id);
    for (const one of news) if (!isSeen(one)) this.onnews(one);
  }

  /** The address says which chat is open, so that the way back leads to the list. */
  show(chat: string): void {
    location.hash = `chat/${chat}`;
  }

  leave(): void {
    location.hash = "";
  }

  /** The account is gone from here; now everything else goes that the browser keeps for it. */
  async #depart(): Promise<void> {
    this.farewell = "leaving";
    this.leave();
    this.client.stop();
    const gone = this.#isDeleted ? "deleted" : "gone";
    this.farewell = (await leaveNothing()) ? gone : "gone in part";
  }

  /** Opens the chat in which something was found, at that place. */
  showFound(found: Found): void {
    this.#wanted = found;
    if (this.open?.id === found.chat) this.#reach();
    else this.show(found.chat);
  }

  /** The chat with oneself, begun if there is none. */
  async showSaved(): Promise<void> {
    const saved = this.chats.find(({ kind }) => kind === "saved");
    if (saved) this.show(saved.id);
    else await this.client.call("startDirect", this.session?.userName ?? "", undefined);
  }

  /** Shows the chat that comes so many places further in the list. */
  step(by: number): void {
    const at = this.listed.findIndex(({ id }) => id === this.open?.id);
    const next = this.listed[at < 0 ? 0 : Math.max(0, Math.min(at + by, this.listed.length - 1))];
    if (next) this.show(next.id);
  }

  async prefer(chat: Chat, change: Partial<Preferences>): Promise<void> {
    await this.client.call("setPreferences", chat.id, { ...chat.preferences, ...change });
  }

  async markRead(chat: Chat): Promise<void> {
    if (chat.last) await this.client.call("markRead", chat.id, chat.last.seq);
  }

  /** Says that the person is there, for as long as somebody may be looking. */
  #appear(): void {
    if (this.session?.signedIn) void this.client.call("appear", !document.hidden).catch(() => {});
  }

  /** The recovery words are on paper: nobody has to see them again. */
  async wordsAreKept(): Promise<void> {
    await this.client.call("recoveryWordsAreKept");
    // Somebody who has just settled in wants to stay. A browser that says no is asked again in the settings.
    void navigator.storage.persist().catch(() => false);
    this.lookAgain();
  }

  /** Something of the own account is not what it was. */
  lookAgain(): void {
    this.#session.want();
  }

  #follow(): void {
    const [, chat] = CHAT.exec(location.hash) ?? [];
    if (chat !== this.open?.id) {
      this.open?.close();
      this.sounds.hush();
      this.open = chat ? new Conversation(this.client, chat) : undefined;
    }
    this.#reach();
  }

  #reach(): void {
    const found = this.#wanted;
    if (!found || found.chat !== this.open?.id) return;
    this.#wanted = undefined;
    this.open.found = { [found.item.id]: found.highlights };
    void this.open.show(found.item.id);
  }
}

export const [getMessenger, setMessenger] = createContext<Messenger>();
