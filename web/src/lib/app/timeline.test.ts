import { expect, it } from "vitest";
import type { Item, Page } from "../../wasm/sotto_wasm_client.js";
import { daysOf, peopleOf, rowsOf, type Row } from "./timeline.ts";

const NOON = new Date(2026, 5, 1, 12).getTime();
const DAY_MS = 86_400_000;
const NOBODY_READ = { own: "me", readSeq: 0, unreadAfter: 0 };

function item(seq: number, author: string, atMs = NOON + seq * 1000): Item {
  const what = {
    type: "message" as const,
    text: `text ${seq}`,
    tree: [],
    edited: false,
    forwarded: false,
    files: [],
    reactions: [],
  };
  return { seq, id: `id ${seq}`, author, receivedAtMs: atMs, what } as unknown as Item;
}

function page(items: Item[], rest: Partial<Page> = {}): Page {
  return { items, lines: [], queued: [], older: false, newer: false, hasMore: false, ...rest };
}

const shape = (rows: Row[]) => rows.map((row) => (row.type === "bubble" ? row.bubble.id : row.type));

it("draws a day where it begins", () => {
  const rows = rowsOf(page([item(1, "bob"), item(2, "bob", NOON + DAY_MS)]), NOBODY_READ);
  expect(shape(rows)).toEqual(["day", "id 1", "day", "id 2"]);
});

it("has each day with what happened on it", () => {
  const days = daysOf(rowsOf(page([item(1, "bob"), item(2, "bob"), item(3, "bob", NOON + DAY_MS)]), NOBODY_READ));
  expect(days.map(({ rows }) => shape(rows))).toEqual([["id 1", "id 2"], ["id 3"]]);
});

it("puts together what one person says in a row, until somebody else speaks or time passes", () => {
  const later = NOON + 3_600_000;
  const rows = rowsOf(page([item(1, "bob"), item(2, "bob"), item(3, "me"), item(4, "me", later)]), NOBODY_READ);
  const continues = rows.flatMap((row) => (row.type === "bubble" ? row.bubble.continues : []));
  expect(continues).toEqual([false, true, false, false]);
});

it("keeps what happened in its place", () => {
  const line = { type: "left" as const, who: "bob" };
  const rows = rowsOf(
    page([item(1, "bob"), item(3, "me")], { lines: [{ seq: 2, receivedAtMs: NOON, line }] }),
    NOBODY_READ,
  );
  expect(shape(rows)).toEqual(["day", "id 1", "line", "id 3"]);
});

it("knows everybody who is named", () => {
  const lines = [{ seq: 2, receivedAtMs: NOON, line: { type: "removed" as const, who: "carol", by: "bob" } }];
  expect(peopleOf(page([item(1, "bob"), item(3, "me")], { lines }))).toEqual(["bob", "me", "carol"]);
});

it("marks the first thing of others that was not read", () => {
  const rows = rowsOf(page([item(1, "bob"), item(2, "me"), item(3, "bob")]), { ...NOBODY_READ, unreadAfter: 1 });
  expect(shape(rows)).toEqual(["day", "id 1", "id 2", "unread", "id 3"]);
});

it("shows what is on its way last, and once", () => {
  const queued = (id: string, sent: boolean) => ({
    id,
    createdAtMs: NOON + 9000,
    text: id,
    tree: [],
    files: [],
    sent,
    refusal: undefined,
  });
  const rows = rowsOf(page([item(1, "me")], { queued: [queued("id 1", true), queued("new", false)] }), NOBODY_READ);
  expect(shape(rows)).toEqual(["day", "id 1", "new"]);
});

it("says how far an own message has come", () => {
  const rows = rowsOf(page([item(1, "me"), item(2, "me"), item(3, "bob")]), { ...NOBODY_READ, readSeq: 1 });
  const states = rows.flatMap((row) => (row.type === "bubble" ? row.bubble.state : []));
  expect(states).toEqual(["read", "sent", "theirs"]);
});

it("shows what waits for its files among what is on its way, by the time of writing, and once", () => {
  const waiting = (id: string, createdAtMs: number) => ({ id, createdAtMs, text: "", files: [] });
  const queued = { id: "text", createdAtMs: NOON + 2, text: "hello", tree: [], files: [], sent: false };
  const held = page([item(1, "bob")], { queued: [queued] as unknown as Page["queued"] });
  const rows = rowsOf(held, NOBODY_READ, [
    waiting("late", NOON + 3),
    waiting("early", NOON + 1),
    waiting("text", NOON),
  ]);
  expect(shape(rows)).toEqual(["day", "id 1", "early", "text", "late"]);
});
