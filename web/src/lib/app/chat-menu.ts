// What can be done with a chat from the list or from its head.
import type { Chat, Preferences } from "../../wasm/sotto_wasm_client.js";
import type { Messages } from "../i18n/en.ts";
import { FOR_EVER_MS, HOUR_MS, isMuted, pinnedLast } from "./chat-list.ts";
import type { Entry } from "./menu.svelte.ts";
import type { Messenger } from "./messenger.svelte.ts";

export function entriesForChat(messenger: Messenger, chat: Chat, t: Messages): Entry[] {
  const { preferences } = chat;
  const set = (change: Partial<Preferences>) => () => messenger.prefer(chat, change);
  const mutes: Entry[] = isMuted(chat, Date.now())
    ? [{ text: t.list.unmute, icon: "bell", act: set({ mutedUntilMs: 0 }) }]
    : [
        { text: t.list.mute, icon: "mute", act: set({ mutedUntilMs: FOR_EVER_MS }) },
        {
          text: t.list.muteHour,
          icon: "mute",
          act: () => messenger.prefer(chat, { mutedUntilMs: Date.now() + HOUR_MS }),
        },
      ];
  const read = { text: t.list.markRead, icon: "read", act: () => messenger.markRead(chat) };
  const pin =
    preferences.pinned > 0
      ? { text: t.list.unpin, icon: "pin", act: set({ pinned: 0 }) }
      : { text: t.list.pin, icon: "pin", act: () => messenger.prefer(chat, { pinned: pinnedLast(messenger.chats) }) };
  return [
    ...(chat.unread > 0 ? [read] : []),
    pin,
    ...(chat.kind === "saved" ? [] : mutes),
    { text: t.list.foldersOf, icon: "folder", act: () => (messenger.dialog = { type: "folders", chat: chat.id }) },
    preferences.archived
      ? { text: t.list.fromArchive, icon: "archive", act: set({ archived: false }) }
      : { text: t.list.toArchive, icon: "archive", act: set({ archived: true }) },
  ];
}
