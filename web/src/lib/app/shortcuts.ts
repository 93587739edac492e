// Keys that work wherever one is. What a field or a menu has to say about a key comes first.
import type { Messenger } from "./messenger.svelte.ts";

export interface Shortcut {
  /** As it is written beside what it does. */
  keys: string;
  does: "palette" | "search" | "searchHere" | "help" | "next" | "previous" | "leave";
  fits: (event: KeyboardEvent) => boolean;
}

const withControl = ({ ctrlKey, metaKey, altKey }: KeyboardEvent) => (ctrlKey || metaKey) && !altKey;
const plain = (event: KeyboardEvent) => !withControl(event) && !event.altKey && !isWriting(event.target);

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: "Ctrl K", does: "palette", fits: (event) => withControl(event) && event.code === "KeyK" && !event.shiftKey },
  { keys: "/", does: "search", fits: (event) => plain(event) && event.key === "/" },
  {
    keys: "Ctrl F",
    does: "searchHere",
    fits: (event) => withControl(event) && event.code === "KeyF" && !event.shiftKey,
  },
  { keys: "Alt ↓", does: "next", fits: (event) => event.altKey && event.key === "ArrowDown" },
  { keys: "Alt ↑", does: "previous", fits: (event) => event.altKey && event.key === "ArrowUp" },
  { keys: "Esc", does: "leave", fits: (event) => event.key === "Escape" },
  { keys: "?", does: "help", fits: (event) => plain(event) && event.key === "?" },
];

/** Does what a key is for. True if it was for something. */
export function obey(event: KeyboardEvent, messenger: Messenger): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  // What is asked is answered before anything else.
  if (document.querySelector("dialog[open]")) return false;
  const shortcut = SHORTCUTS.find(({ fits }) => fits(event));
  return shortcut !== undefined && act(shortcut.does, messenger);
}

function act(does: Shortcut["does"], messenger: Messenger): boolean {
  const { open } = messenger;
  switch (does) {
    case "palette":
      messenger.dialog = { type: "palette" };
      return true;
    case "help":
      messenger.dialog = { type: "keys" };
      return true;
    case "search":
      if (open && isNarrow()) messenger.leave();
      setTimeout(() => document.querySelector<HTMLElement>("[data-find]")?.focus());
      return true;
    case "searchHere":
      if (open) open.searching = true;
      return open !== undefined;
    case "next":
      messenger.step(1);
      return true;
    case "previous":
      messenger.step(-1);
      return true;
    case "leave":
      if (open?.searching) open.searching = false;
      else if (open?.purpose) open.purpose = undefined;
      else messenger.leave();
      return true;
  }
}

function isNarrow(): boolean {
  return !matchMedia("(min-width: 48rem)").matches;
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}
