// What things are called, in the language of the page.
import type { Attachment, Chat, Item, Line } from "../../wasm/sotto_wasm_client.js";
import { minutes } from "../files/waveform.ts";
import type { Messages } from "../i18n/en.ts";

export function titleOf({ kind, title }: Pick<Chat, "kind" | "title">, t: Messages): string {
  if (kind === "saved") return t.chats.saved;
  return title || (kind === "group" ? t.chats.group : t.chats.unnamed);
}

export function inALine(what: Item["what"], t: Messages): string {
  switch (what.type) {
    case "message":
      return [filesInALine(what.files, t), what.text.replace(/\s+/g, " ")].filter((part) => part !== "").join(" · ");
    case "deleted":
      return t.chats.deleted;
    case "poll":
      return `${t.chats.poll}: ${what.question}`;
    case "task":
      return `${t.chats.task}: ${what.title}`;
    case "unknown":
      return what.fallback;
  }
}

/** What a message carries: its name if it is one, and how many if there are more. */
export function filesInALine(files: readonly Attachment[], t: Messages): string {
  const [first] = files;
  if (!first) return "";
  const arePictures = files.every(({ look }) => look.type === "picture");
  if (files.length > 1) return arePictures ? t.files.pictures(files.length) : t.files.several(files.length);
  if (first.look.type === "sound" && first.look.voice) return `${t.files.voice.name} ${minutes(first.look.durationMs)}`;
  return arePictures ? t.files.picture : first.name || t.files.unnamed;
}

export function lineOf(line: Line, nameOf: (account: string) => string, t: Messages): string {
  const [who, by] = ["who" in line ? nameOf(line.who) : "", "by" in line ? nameOf(line.by) : ""];
  switch (line.type) {
    case "policy":
    case "renamed":
      return t.lines[line.type](by);
    case "trouble":
      return t.troubles[line.trouble];
    case "unreadable":
      return t.lines.unreadable();
    default:
      return t.lines[line.type](who, by);
  }
}
