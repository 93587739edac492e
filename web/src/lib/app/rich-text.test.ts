import { describe, expect, it } from "vitest";
import type { Node } from "../../wasm/sotto_wasm_client.js";
import { cut, highlighted, plainOf, snippet, sourceOf } from "./rich-text.ts";

const text = (text: string): Node => ({ type: "text", text });
const styled = (type: "bold" | "italic" | "code" | "quote" | "spoiler", ...content: Node[]): Node => ({
  type: "styled",
  style: { type },
  content,
});
const list = (numbered: boolean, ...elements: Node[][]): Node => ({ type: "list", numbered, elements });

describe("what was found", () => {
  it("is set apart, also across styles", () => {
    const tree = [text("one "), styled("bold", text("two three"))];
    expect(highlighted(tree, [[2, 7]])).toEqual([
      { type: "text", text: "on" },
      { type: "found", text: "e " },
      { ...styled("bold"), content: [{ type: "found", text: "two" }, text(" three")] },
    ]);
  });

  it("is where it is in lists, whose elements are lines", () => {
    const [drawn] = highlighted([list(false, [text("milk")], [text("bread")])], [[5, 10]]);
    expect(drawn).toEqual({
      type: "list",
      numbered: false,
      elements: [[text("milk")], [{ type: "found", text: "bread" }]],
    });
  });

  it("leaves everything else as it was", () => {
    const tree = [text("a"), styled("italic", text("b"))];
    expect(highlighted(tree, [])).toEqual(tree);
    expect(cut("short", [[2, 99]])).toEqual([text("sh"), { type: "found", text: "ort" }]);
    expect(cut("short", [[-9, -2]])).toEqual([text("short")]);
  });

  it("is seen in a line, wherever in a long text it is", () => {
    const long = `${"word ".repeat(100)}needle\nand more`;
    const parts = snippet(long, [[500, 506]]);
    expect(parts[0]).toEqual(text("…"));
    expect(parts.map((part) => part.text).join("").length).toBeLessThan(200);
    expect(parts).toContainEqual({ type: "found", text: "needle" });
    expect(snippet("a needle", [[2, 8]])).toEqual([text("a "), { type: "found", text: "needle" }]);
  });
});

describe("the source of a text", () => {
  it.each([
    [[styled("bold", text("so"))], "**so**"],
    [[text("a "), styled("italic", styled("bold", text("so")))], "a ***so***"],
    [[styled("code", text("a*b"))], "`a*b`"],
    [[styled("quote", text("one\ntwo"))], "> one\n> two"],
    [[text("Buy:\n"), list(false, [text("milk")], [text("bread")]), text("\nnow")], "Buy:\n- milk\n- bread\nnow"],
    [[list(true, [text("milk")], [text("bread")])], "1. milk\n2. bread"],
    [[{ type: "styled", style: { type: "code-block", language: "c" }, content: [text("1")] } as Node], "```c\n1\n```"],
  ])("%j is %j", (tree, source) => {
    expect(sourceOf(tree)).toBe(source);
  });

  it.each([
    ["2*3", "2\\*3"],
    ["snake_case", "snake_case"],
    ["_so_", "\\_so\\_"],
    ["> no quote", "\\> no quote"],
    ["1. no list", "1\\. no list"],
    ["- no list", "\\- no list"],
    ["a || b ~~ c", "a \\|| b \\~~ c"],
    ["C:\\dir", "C:\\dir"],
    ["\\*", "\\\\\\*"],
  ])("what looks like a mark and is none has a backslash: %j", (plain, source) => {
    expect(sourceOf([text(plain)])).toBe(source);
  });

  it("begins no block in the middle of a line", () => {
    expect(sourceOf([styled("bold", text("a")), text("- b")])).toBe("**a**- b");
    expect(plainOf([styled("bold", text("a")), list(true, [text("b")], [text("c")])])).toBe("ab\nc");
  });
});
