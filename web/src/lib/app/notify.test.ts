import { expect, it } from "vitest";
import type { Chat } from "../../wasm/sotto_wasm_client.js";
import { newsOf } from "./notify.ts";

function chat(id: string, unread: number, seq: number, rest: object = {}): Chat {
  const preferences = { mutedUntilMs: 0, archived: false, pinned: 0, folders: [], ...rest };
  return { id, unread, mentions: 0, last: { seq }, preferences } as unknown as Chat;
}

const ids = (before: Chat[], now: Chat[]) => newsOf(before, now, 1000).map(({ chat }) => chat.id);

it("what others have written since is news", () => {
  expect(ids([chat("a", 0, 1), chat("b", 2, 5)], [chat("a", 1, 2), chat("b", 2, 5)])).toEqual(["a"]);
  expect(ids([], [chat("new", 1, 1)])).toEqual(["new"]);
});

it("what was read or said by oneself is none", () => {
  expect(ids([chat("a", 3, 5)], [chat("a", 0, 5)])).toEqual([]);
  expect(ids([chat("a", 0, 5)], [chat("a", 0, 6)])).toEqual([]);
});

it("a muted chat is heard only where one is called", () => {
  const muted = { mutedUntilMs: 2000 };
  expect(ids([chat("a", 0, 1, muted)], [chat("a", 1, 2, muted)])).toEqual([]);
  expect(ids([chat("a", 0, 1, muted)], [{ ...chat("a", 1, 2, muted), mentions: 1 }])).toEqual(["a"]);
  expect(ids([], [chat("a", 1, 2, { archived: true })])).toEqual([]);
});
