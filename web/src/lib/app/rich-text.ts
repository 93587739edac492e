// What is done with a text and its markup before it is drawn or written again. Plain data in, plain data out.
import type { Node } from "../../wasm/sotto_wasm_client.js";

/** A node, or a part of a text that was looked for. */
export type Drawn =
  | { type: "text"; text: string }
  | { type: "found"; text: string }
  | { type: "styled"; style: Extract<Node, { type: "styled" }>["style"]; content: Drawn[] }
  | { type: "list"; numbered: boolean; elements: Drawn[][] };

export type Range = [start: number, end: number];

/** The tree with what was found set apart; the ranges are over the text without markup, in order. */
export function highlighted(nodes: readonly Node[], ranges: readonly Range[]): Drawn[] {
  return new Highlighter(ranges).nodes(nodes);
}

class Highlighter {
  readonly #ranges: readonly Range[];
  #at = 0;

  constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
  }

  nodes(nodes: readonly Node[]): Drawn[] {
    return nodes.flatMap((node): Drawn[] => {
      if (node.type === "text") return this.#text(node.text);
      if (node.type === "styled") return [{ ...node, content: this.nodes(node.content) }];
      return [{ ...node, elements: node.elements.map((element, place) => this.#element(element, place)) }];
    });
  }

  /** Between the elements of a list there is a line feed in the text. */
  #element(nodes: readonly Node[], place: number): Drawn[] {
    if (place > 0) this.#at += 1;
    return this.nodes(nodes);
  }

  #text(text: string): Drawn[] {
    const start = this.#at;
    this.#at += text.length;
    return cut(
      text,
      this.#ranges.map(([from, to]) => [from - start, to - start]),
    );
  }
}

/** A text in parts: those that were found, and those between. */
export function cut(text: string, ranges: readonly Range[]): Exclude<Drawn, { type: "styled" | "list" }>[] {
  const parts: Exclude<Drawn, { type: "styled" | "list" }>[] = [];
  let at = 0;
  const push = (type: "text" | "found", end: number) => {
    if (end > at) parts.push({ type, text: text.slice(at, end) });
    at = Math.max(at, end);
  };
  for (const [from, to] of ranges) {
    push("text", Math.min(from, text.length));
    push("found", Math.min(to, text.length));
  }
  push("text", text.length);
  return parts;
}

/** A part of a text with what was found in it, short enough for a line. */
export function snippet(text: string, ranges: readonly Range[]) {
  const first = ranges[0]?.[0] ?? 0;
  const begin = first > LEAD * 2 ? text.indexOf(" ", first - LEAD) + 1 || first - LEAD : 0;
  const line = text.slice(begin, begin + LINE).replace(/\s/g, " ");
  const parts = cut(
    line,
    ranges.map(([from, to]) => [from - begin, to - begin]),
  );
  return begin > 0 ? [{ type: "text" as const, text: "…" }, ...parts] : parts;
}

/** So much of a text stands before what was found in it, where there is more. */
const LEAD = 20;
const LINE = 160;

/** A text as somebody would type it to get this tree. */
export function sourceOf(nodes: readonly Node[]): string {
  return nodes.map((node, place) => sourceOfNode(node, isLineStart(nodes, place))).join("");
}

function sourceOfNode(node: Node, lineStart: boolean): string {
  if (node.type === "text") return escaped(node.text, lineStart);
  if (node.type === "list") {
    const mark = (place: number) => (node.numbered ? `${place + 1}. ` : "- ");
    return node.elements.map((element, place) => mark(place) + sourceOf(element)).join("\n");
  }
  const inner = plainOf(node.content);
  switch (node.style.type) {
    case "code":
      return `\`${inner}\``;
    case "code-block":
      return `\`\`\`${node.style.language}\n${inner}\n\`\`\``;
    case "quote":
      return sourceOf(node.content).replace(/^/gm, "> ");
    case "link":
    case "mention":
    case "mention-everyone":
      return inner;
    default: {
      const mark = MARKS[node.style.type];
      return mark + sourceOf(node.content) + mark;
    }
  }
}

/** The text alone. */
export function plainOf(nodes: readonly Node[]): string {
  const plain = (node: Node): string =>
    node.type === "text"
      ? node.text
      : node.type === "list"
        ? node.elements.map(plainOf).join("\n")
        : plainOf(node.content);
  return nodes.map(plain).join("");
}

const MARKS = { bold: "**", italic: "*", underline: "__", strike: "~~", spoiler: "||" } as const;

function isLineStart(nodes: readonly Node[], place: number): boolean {
  return place === 0 || plainOf(nodes.slice(0, place)).endsWith("\n");
}

/** With a backslash before whatever would be taken for a mark. */
function escaped(text: string, lineStart: boolean): string {
  const signs = text.replace(/\\(?=[!-/:-@[-`{-~])|[*`]|~~|\|\||(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&");
  // Only what stands at the beginning of a line could be taken for a block.
  const before = lineStart ? "" : ".";
  const lines = (before + signs).replace(/^(?=(> |>$|- ))/gm, "\\").replace(/^(\d+)(?=\. )/gm, "$1\\");
  return lines.slice(before.length);
}
