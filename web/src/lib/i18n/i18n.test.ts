import { describe, expect, it } from "vitest";
import { CATALOGUES, chooseLocale, LOCALES } from "./i18n.svelte.ts";
import { pluralFor } from "./plural.ts";

/** Every text of a catalogue with the path to it; functions are called with recognisable arguments. */
function texts(node: unknown, path = ""): [path: string, text: string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") return [[path, String(node("<1>", "<2>"))]];
  return Object.entries(node as object).flatMap(([key, value]) => texts(value, `${path}/${key}`));
}

const english = texts(CATALOGUES.en);
/** Names of things, the same in every language, and what is not shown. */
const SHARED = /^\/(direction|announce)/;

describe.each(LOCALES)("the catalogue %s", (locale) => {
  const catalogue = texts(CATALOGUES[locale]);

  it("has exactly the keys of the English one", () => {
    expect(catalogue.map(([path]) => path)).toEqual(english.map(([path]) => path));
  });

  it("leaves nothing empty, and loses no argument", () => {
    for (const [path, text] of catalogue) {
      expect(text.trim(), path).not.toBe("");
      expect(text, path).not.toMatch(/undefined|NaN|\[object/);
    }
  });

  it("says what to do about every failure, in whole sentences", () => {
    for (const [code, { what, todo }] of Object.entries(CATALOGUES[locale].failures)) {
      expect(what, code).toMatch(/^\p{Lu}.*\.$/u);
      expect(todo, code).toMatch(/^\p{Lu}.*\.$/u);
    }
  });
});

it("Russian is written in Russian", () => {
  for (const [path, text] of texts(CATALOGUES.ru)) {
    if (!SHARED.test(path)) expect(text, path).toMatch(/\p{Script=Cyrillic}/u);
  }
});

describe("plural forms", () => {
  const times = { one: "раз", few: "раза", many: "раз", other: "раза" };

  it.each([
    [0, "раз"],
    [1, "раз"],
    [2, "раза"],
    [4, "раза"],
    [5, "раз"],
    [11, "раз"],
    [12, "раз"],
    [21, "раз"],
    [22, "раза"],
    [111, "раз"],
    [1.5, "раза"],
  ])("%d in Russian", (count, form) => {
    expect(pluralFor("ru")(count, times)).toBe(form);
  });

  it("falls back to the form that every language has", () => {
    expect(pluralFor("ru")(2, { other: "штуки" })).toBe("штуки");
  });

  it("count openings in English", () => {
    expect(CATALOGUES.en.facts.openings(1, "1")).toBe("Opened 1 time");
    expect(CATALOGUES.en.facts.openings(2, "2")).toBe("Opened 2 times");
  });
});

describe("the language", () => {
  it.each([
    ["ru", ["en-GB"], "ru"],
    [null, ["ru-RU", "en"], "ru"],
    [null, ["de-DE", "ru", "en"], "ru"],
    [null, ["de-DE"], "en"],
    [null, [], "en"],
    ["tlh", ["ru"], "ru"],
    ["constructor", ["de"], "en"],
  ])("remembered %s, wanted %o: %s", (remembered, wanted, chosen) => {
    expect(chooseLocale(remembered, wanted)).toBe(chosen);
  });
});
