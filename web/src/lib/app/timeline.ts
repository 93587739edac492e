// From a page of the log to what is drawn: days, groups by person, lines, and what is on its way. Plain data in, plain data out.
import type { Item, Page, Placed, Queued, Waiting } from "../../wasm/sotto_wasm_client.js";

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
  /** Its files on their way, while it waits for them. */
  waiting?: Waiting;
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

export function rowsOf(page: Page, seen: Seen, waiting: readonly Waiting[] = []): Row[] {
  const entries: Entry[] = [
    ...page.items.map((item) => ({ atMs: item.receivedAtMs, seq: item.seq, bubble: said(item, seen) })),
    ...page.lines.map(({ seq, receivedAtMs, line }) => ({ atMs: receivedAtMs, seq, line })),
  ].sort((one, other) => one.seq - other.seq);
  const logged = new Set(page.items.map(({ id }) => id));
  const queued = page.queued.filter((queued) => queued.text !== undefined && !logged.has(queued.id));
  const known = new Set([...logged, ...queued.map(({ id }) => id)]);
  const coming = [
    ...queued.map((queued) => onItsWay(queued, seen.own)),
    ...waiting.filter(({ id }) => !known.has(id)).map((message) => withItsFiles(message, seen.own)),
  ].sort((one, other) => one.atMs - other.atMs);
  return withMarks([...entries, ...coming], seen);
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

function onItsWay({ id, createdAtMs, text = "", tree, files, sent, refusal }: Queued, own: string): Entry {
  const state = refusal ? "refused" : sent ? "sent" : "queued";
  return unsaid({ id, own, atMs: createdAtMs, state, what: message(text, tree, files) });
}

function withItsFiles(waiting: Waiting, own: string): Entry {
  const { id, createdAtMs, text, files } = waiting;
  const tree = text === "" ? [] : [{ type: "text" as const, text }];
  const what = message(
    text,
    tree,
    files.map(({ file }) => file),
  );
  return unsaid({ id, own, atMs: createdAtMs, state: "queued", what, waiting });
}

function message(text: string, tree: Queued["tree"], files: Queued["files"]): Item["what"] {
  return { type: "message", text, tree, files, replyTo: undefined, edited: false, forwarded: false, reactions: [] };
}

type Unsaid = Pick<Bubble, "id" | "atMs" | "state" | "what" | "waiting"> & { own: string };

/** What is not in the log comes after everything that is. */
function unsaid({ own, ...rest }: Unsaid): Entry {
  const bubble: Bubble = {
    ...rest,
    key: rest.id,
    seq: undefined,
    author: own,
    own: true,
    continues: false,
  };
  return { atMs: rest.atMs, seq: Infinity, bubble };
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
