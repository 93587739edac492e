import { describe, expect, it } from "vitest";
import type { Chat, Preferences } from "../../wasm/sotto_wasm_client.js";
import { ALL, arranged, foldersOf, isMuted, pinnedLast, waiting, withFolder } from "./chat-list.ts";

const PLAIN: Preferences = { mutedUntilMs: 0, archived: false, pinned: 0, folders: [] };

function chat(id: string, atMs: number, preferences: Partial<Preferences> = {}, rest: Partial<Chat> = {}): Chat {
  return { id, atMs, stand: "member", unread: 0, preferences: { ...PLAIN, ...preferences }, ...rest } as Chat;
}

const ids = (chats: Chat[]) => chats.map(({ id }) => id);

describe("the list", () => {
  const chats = [
    chat("old", 1),
    chat("fresh", 9),
    chat("second", 2, { pinned: 2 }),
    chat("first", 1, { pinned: 1, folders: ["Work"] }),
    chat("away", 5, { archived: true, folders: ["Work"] }),
    chat("stranger", 10, {}, { stand: "requested" }),
  ];

  it("has pinned chats in their order, then the last active ones", () => {
    expect(ids(arranged(chats, ALL))).toEqual(["first", "second", "fresh", "old"]);
  });

  it("has the archive apart, and folders with all that is in them", () => {
    expect(ids(arranged(chats, { type: "archive" }))).toEqual(["away"]);
    expect(ids(arranged(chats, { type: "folder", name: "Work" }))).toEqual(["first", "away"]);
    expect(foldersOf(chats)).toEqual(["Work"]);
    expect(pinnedLast(chats)).toBe(3);
  });
});

it("a chat goes into a folder once, and out of it", () => {
  const inside = withFolder(withFolder(PLAIN, "Work", true), "Work", true);
  expect(inside.folders).toEqual(["Work"]);
  expect(withFolder(inside, "Work", false).folders).toEqual([]);
});

it("what is muted does not count, until it may be heard again", () => {
  const muted = chat("quiet", 1, { mutedUntilMs: 100 }, { unread: 5 });
  expect(isMuted(muted, 99)).toBe(true);
  expect(isMuted(muted, 100)).toBe(false);
  expect(waiting([muted, chat("loud", 1, {}, { unread: 2 })], 50)).toBe(2);
});
