// From a page of the log to what is drawn: days, groups by person, lines, and what is on its way. Plain data in, plain data out.
import type { Item, Page, Placed, Queued } from "../../wasm/sotto_wasm_client.js";

export interface Bubble {
  key: string;
  /** None while it is on its way. */
  seq: number | undefined;
  id: string;
  author: string;
  own: boolean;
  atMs: number;
  what: Item["what"];
  /** Whether it continues what the same person said just before. */
  continues: boolean;
  state: "queued" | "sent" | "read" | "refused" | "theirs";
}

export type Row =
  | { type: "day"; key: string; atMs: number }
  | { type: "line"; key: string; line: Placed["line"] }
  | { type: "unread"; key: string }
  | { type: "bubble"; key: string; bubble: Bubble };

/** A day and what happened on it. */
export interface Day {
  key: string;
  atMs: number;
  rows: Exclude<Row, { type: "day" }>[];
}

export interface Seen {
  own: string;
  /** How far the others have read. */
  readSeq: number;
  /** How far this account had read when the chat was opened; 0 to draw no line. */
  unreadAfter: number;
}

type Entry = { atMs: number; seq: number; line: Placed["line"] } | { atMs: number; seq: number; bubble: Bubble };

/** Somebody who goes on within this time goes on with the same thought. */
const PAUSE_MS = 5 * 60_000;

export function rowsOf(page: Page, seen: Seen): Row[] {
  const entries: Entry[] = [
    ...page.items.map((item) => ({ atMs: item.receivedAtMs, seq: item.seq, bubble: said(item, seen) })),
    ...page.lines.map(({ seq, receivedAtMs, line }) => ({ atMs: receivedAtMs, seq, line })),
  ].sort((one, other) => one.seq - other.seq);
  const logged = new Set(page.items.map(({ id }) => id));
  const waiting = page.queued.filter((queued) => queued.text !== undefined && !logged.has(queued.id));
  return withMarks([...entries, ...waiting.map((queued) => onItsWay(queued, seen.own))], seen);
}

/** Rows by the days that they begin with. */
export function daysOf(rows: readonly Row[]): Day[] {
  const days: Day[] = [];
  for (const row of rows) {
    if (row.type === "day") days.push({ key: row.key, atMs: row.atMs, rows: [] });
    else days.at(-1)?.rows.push(row);
  }
  return days;
}

/** Everybody who is named in a page, once. */
export function peopleOf({ items, lines }: Page): string[] {
  const ofLine = (line: Placed["line"]) => ["who" in line ? line.who : "", "by" in line ? line.by : ""];
  const all = [...items.map(({ author }) => author), ...lines.flatMap(({ line }) => ofLine(line))];
  return [...new Set(all)].filter((account) => account !== "");
}

function said(item: Item, { own, readSeq }: Seen): Bubble {
  const { seq, id, author, receivedAtMs, what } = item;
  const isOwn = author === own;
  const state = !isOwn ? "theirs" : seq <= readSeq ? "read" : "sent";
  return { key: id, seq, id, author, own: isOwn, atMs: receivedAtMs, what, continues: false, state };
}

function onItsWay(queued: Queued, own: string): Entry {
  const { id, createdAtMs, text = "", tree, sent, refusal } = queued;
  const what: Item["what"] = {
    type: "message",
    text,
    tree,
    replyTo: undefined,
    edited: false,
    forwarded: false,
    reactions: [],
  };
  const state = refusal ? "refused" : sent ? "sent" : "queued";
  const bubble: Bubble = {
    key: id,
    seq: undefined,
    id,
    author: own,
    own: true,
    atMs: createdAtMs,
    what,
    continues: false,
    state,
  };
  return { atMs: createdAtMs, seq: Infinity, bubble };
}

function withMarks(entries: Entry[], { unreadAfter, own }: Seen): Row[] {
  const rows: Row[] = [];
  let before: Bubble | undefined;
  let day = "";
  let marked = unreadAfter === 0;
  for (const entry of entries) {
    const today = new Date(entry.atMs).toDateString();
    if (today !== day) {
      rows.push({ type: "day", key: `day ${today}`, atMs: entry.atMs });
      before = undefined;
    }
    day = today;
    if (!marked && "bubble" in entry && entry.seq > unreadAfter && entry.bubble.author !== own) {
      rows.push({ type: "unread", key: "unread" });
      marked = true;
      before = undefined;
    }
    if ("line" in entry) {
      rows.push({ type: "line", key: `line ${entry.seq} ${rows.length}`, line: entry.line });
      before = undefined;
    } else {
      const continues = before?.author === entry.bubble.author && entry.atMs - before.atMs < PAUSE_MS;
      before = { ...entry.bubble, continues };
      rows.push({ type: "bubble", key: before.key, bubble: before });
    }
  }
  return rows;
}
