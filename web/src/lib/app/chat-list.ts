// How the chats are laid out. Plain data in, plain data out.
import type { Chat, Preferences } from "../../wasm/sotto_wasm_client.js";

/** Which part of the chats is looked at. */
export type Shelf = { type: "all" } | { type: "archive" } | { type: "folder"; name: string };

export const ALL: Shelf = { type: "all" };

/** The chats of a shelf: those that are pinned in their order, then the last active first. */
export function arranged(chats: readonly Chat[], shelf: Shelf): Chat[] {
  const fits = ({ stand, preferences: { archived, folders } }: Chat) =>
    stand !== "requested" &&
    (shelf.type === "folder" ? folders.includes(shelf.name) : archived === (shelf.type === "archive"));
  const place = ({ preferences: { pinned } }: Chat) => (pinned > 0 ? pinned : Infinity);
  return chats.filter(fits).sort((one, other) => {
    const places = [place(one), place(other)] as const;
    return places[0] === places[1] ? other.atMs - one.atMs : places[0] - places[1];
  });
}

/** All folders that chats are in. */
export function foldersOf(chats: readonly Chat[]): string[] {
  const names = new Set(chats.flatMap(({ preferences }) => preferences.folders));
  return [...names].sort((one, other) => one.localeCompare(other));
}

export function isMuted({ preferences }: Pick<Chat, "preferences">, nowMs: number): boolean {
  return preferences.mutedUntilMs > nowMs;
}

/** Behind those that are pinned already. */
export function pinnedLast(chats: readonly Chat[]): number {
  return Math.max(0, ...chats.map(({ preferences }) => preferences.pinned)) + 1;
}

export function withFolder(preferences: Preferences, name: string, isIn: boolean): Preferences {
  const others = preferences.folders.filter((folder) => folder !== name);
  return { ...preferences, folders: isIn ? [...others, name] : others };
}

/** Messages that wait in chats that are not muted. */
export function waiting(chats: readonly Chat[], nowMs: number): number {
  return chats.filter((chat) => !isMuted(chat, nowMs)).reduce((sum, { unread }) => sum + unread, 0);
}

/** The later of all times that can be told: for ever. */
export const FOR_EVER_MS = 253_402_300_799_000;
export const HOUR_MS = 3_600_000;
