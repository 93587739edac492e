// What can be done with a message, by whom. Only what one's role allows is offered.
import type { Messages } from "../i18n/en.ts";
import { isLogged, type Logged } from "./acts.ts";
import type { Conversation } from "./conversation.svelte.ts";
import { QUICK } from "./emoji.ts";
import type { Entry, Quick } from "./menu.svelte.ts";
import type { Bubble } from "./timeline.ts";

export interface Allowed {
  answer: boolean;
  edit: boolean;
  copy: boolean;
  forward: boolean;
  pin: boolean;
  remove: boolean;
}

const NOTHING: Allowed = { answer: false, edit: false, copy: false, forward: false, pin: false, remove: false };

export function allowedFor({ chat, about }: Pick<Conversation, "chat" | "about">, bubble: Bubble): Allowed {
  const isMessage = bubble.what.type === "message";
  const isText = bubble.what.type === "message" && bubble.what.text !== "";
  if (!isLogged(bubble)) return { ...NOTHING, copy: isText };
  const mayPost = chat?.stand === "member" && about?.mayPost === true;
  const stands = bubble.what.type !== "deleted";
  return {
    answer: mayPost && stands,
    edit: mayPost && isMessage && bubble.own,
    copy: isText,
    forward: isMessage,
    pin: stands && chat?.stand === "member" && about?.mayPin === true,
    remove: mayPost && stands && (bubble.own || about.mayModerate),
  };
}

export function entriesFor(conversation: Conversation, bubble: Bubble, copied: () => void, t: Messages): Entry[] {
  const may = allowedFor(conversation, bubble);
  const entries: (Entry | false)[] = [
    may.copy && { text: t.menu.copy, icon: "copy", act: () => copy(bubble).then(copied) },
  ];
  if (isLogged(bubble)) {
    const isPinned = conversation.pinned.some(({ id }) => id === bubble.id);
    const ask = (type: "delete" | "forward") => () => (conversation.question = { type, bubble });
    entries.unshift(
      may.answer && { text: t.menu.reply, icon: "reply", act: () => answer(conversation, bubble) },
      may.edit && { text: t.menu.edit, icon: "edit", act: () => edit(conversation, bubble) },
    );
    entries.push(
      may.forward && { text: t.menu.forward, icon: "forward", act: ask("forward") },
      may.pin && {
        text: isPinned ? t.menu.unpin : t.menu.pin,
        icon: "pin",
        act: () => conversation.acts.pin(bubble, isPinned),
      },
      may.remove && { text: t.menu.remove, icon: "remove", act: ask("delete"), danger: true },
    );
  }
  return entries.filter((entry) => entry !== false);
}

export function quickFor(conversation: Conversation, bubble: Bubble, t: Messages): Quick[] {
  if (!isLogged(bubble) || !allowedFor(conversation, bubble).answer || bubble.what.type !== "message") return [];
  const quick = QUICK.map((sign): Quick => {
    const pressed = hasReacted(bubble, sign, conversation.own);
    return { sign, name: t.menu.reactWith(sign), pressed, act: () => conversation.acts.react(bubble, sign, pressed) };
  });
  const more = () => (conversation.question = { type: "emoji", bubble });
  return [...quick, { sign: "plus", name: t.menu.moreEmoji, pressed: false, act: more }];
}

export function answer(conversation: Conversation, bubble: Logged): void {
  conversation.purpose = { type: "answer", bubble };
}

export function edit(conversation: Conversation, bubble: Logged): void {
  conversation.purpose = { type: "edit", bubble };
}

/** The last thing that the person said and may still change. */
export function lastOwn(conversation: Conversation): Logged | undefined {
  const bubbles = conversation.rows.flatMap((row) => (row.type === "bubble" ? row.bubble : []));
  return bubbles.filter(isLogged).findLast((bubble) => allowedFor(conversation, bubble).edit);
}

export function hasReacted({ what }: Bubble, sign: string, own: string): boolean {
  return what.type === "message" && what.reactions.some(({ emoji, by }) => emoji === sign && by.includes(own));
}

async function copy({ what }: Bubble): Promise<void> {
  if (what.type === "message") await navigator.clipboard.writeText(what.text);
}
