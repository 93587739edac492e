import { expect, it } from "vitest";
import { EMOJI, findEmoji, QUICK } from "./emoji.ts";

const signs = (query: string) => findEmoji(query).map(({ sign }) => sign);
const ALL = EMOJI.flatMap(({ emoji }) => emoji);

it("every emoji is one sign, once, with words in both languages", () => {
  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
  expect(new Set(ALL.map(({ sign }) => sign)).size).toBe(ALL.length);
  for (const { sign, words } of ALL) {
    expect([...graphemes.segment(sign)], sign).toHaveLength(1);
    expect(words, sign).toMatch(/[a-z]/);
    expect(words, sign).toMatch(/\p{Script=Cyrillic}/u);
  }
  for (const sign of QUICK) expect(ALL.map((emoji) => emoji.sign)).toContain(sign);
});

it("is found by beginnings of words, whole words first", () => {
  expect(signs("cat")[0]).toBe("🐱");
  expect(signs("thum")).toEqual(["👍", "👎"]);
  expect(signs("thumbs up")).toEqual(["👍"]);
  expect(signs("Сердце")).toContain("❤️");
  expect(signs("слезы")).toEqual(signs("слёзы"));
  expect(signs("🔥")).toEqual(["🔥"]);
});

it("nothing is found for nothing, and for what there is not", () => {
  expect(signs("")).toEqual([]);
  expect(signs("  ")).toEqual([]);
  expect(signs("zzzz")).toEqual([]);
});
