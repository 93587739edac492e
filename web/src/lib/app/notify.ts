// What there is to tell a person who does not look. Plain data in, plain data out.
import type { Chat, Item } from "../../wasm/sotto_wasm_client.js";
import { isMuted } from "./chat-list.ts";

/** What a notification may say: nothing, who wrote, or what as well. */
export const DISCRETIONS = ["off", "name", "content"] as const;
export type Discretion = (typeof DISCRETIONS)[number];

export interface News {
  chat: Chat;
  item: Item;
}

/** Chats in which others have written something since they were looked at. Muted ones are heard only where the person is mentioned. */
export function newsOf(before: readonly Chat[], now: readonly Chat[], nowMs: number): News[] {
  const known = new Map(before.map((chat) => [chat.id, chat]));
  return now.flatMap((chat) => {
    const was = known.get(chat.id);
    const item = chat.last;
    const calls = chat.mentions > (was?.mentions ?? 0);
    const isNew = item && chat.unread > (was?.unread ?? 0) && item.seq > (was?.last?.seq ?? 0);
    return isNew && !chat.preferences.archived && (calls || !isMuted(chat, nowMs)) ? [{ chat, item }] : [];
  });
}
