import { expect, it } from "vitest";
import { called, callingAt, candidates, inserted, wrapped } from "./writing.ts";

const BOB = { account: "1", name: "Robert Smith", userName: "bob" };
const CAROL = { account: "2", name: "Кэрол", userName: "carol" };
const UNKNOWN = { account: "3", name: "?", userName: "" };

it.each([
  ["@", 1, { typed: "", from: 1 }],
  ["hello @bo and", 9, { typed: "bo", from: 7 }],
  ["(@bo", 4, { typed: "bo", from: 2 }],
  ["hello @bo and", 13, undefined],
  ["mail@bo", 7, undefined],
  ["привет@bo", 9, undefined],
  ["", 0, undefined],
])("%j at %d calls %j", (text, cursor, calling) => {
  expect(callingAt(text, cursor)).toEqual(calling);
});

it("people are found by user name and by any part of their name", () => {
  const all = [BOB, CAROL, UNKNOWN];
  expect(candidates(all, "b", 5)).toEqual([BOB]);
  expect(candidates(all, "smi", 5)).toEqual([BOB]);
  expect(candidates(all, "КЭ", 5)).toEqual([CAROL]);
  expect(candidates(all, "", 5), "nobody can be called without a user name").toEqual([BOB, CAROL]);
  expect(candidates(all, "", 1)).toEqual([BOB]);
});

it("the name is put in full", () => {
  expect(called("ask @ca please", { typed: "ca", from: 5 }, "carol")).toEqual({
    text: "ask @carol please",
    start: 11,
    end: 11,
  });
});

it("marks go around what is selected, and away again", () => {
  const bold = wrapped({ text: "so be it", start: 3, end: 5 }, "**");
  expect(bold).toEqual({ text: "so **be** it", start: 5, end: 7 });
  expect(wrapped(bold, "**")).toEqual({ text: "so be it", start: 3, end: 5 });
});

it("what is put in takes the place of what is selected", () => {
  expect(inserted({ text: "one two", start: 0, end: 3 }, "🙂")).toEqual({ text: "🙂 two", start: 2, end: 2 });
});
