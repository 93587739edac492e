import { createContext } from "svelte";

export interface Entry {
  text: string;
  icon: string;
  act: () => unknown;
  danger?: boolean;
}

export interface Quick {
  sign: string;
  name: string;
  pressed: boolean;
  act: () => unknown;
}

export interface Opened {
  label: string;
  x: number;
  y: number;
  /** Asked again whenever what they depend on changes: what one may do may be known only a moment later. */
  quick: () => Quick[];
  entries: () => Entry[];
}

/** The one menu that can be open, wherever it was asked for. */
export class Menu {
  opened = $state.raw<Opened>();
  /** Those who can draw it; the last one does, as what lies below a dialog cannot be reached. */
  #hosts = $state.raw<symbol[]>([]);
  readonly host = $derived(this.#hosts.at(-1));
  #from: Element | null = null;

  /** Offers to draw it, until the returned function is called. */
  join(host: symbol): () => void {
    this.#hosts = [...this.#hosts, host];
    return () => (this.#hosts = this.#hosts.filter((other) => other !== host));
  }

  /** Opens it where the pointer is, or below what has the focus if it was asked for with a key. */
  open(
    event: MouseEvent | KeyboardEvent,
    label: string,
    entries: () => Entry[],
    quick: () => Quick[] = () => [],
  ): void {
    event.preventDefault();
    this.#from = document.activeElement;
    const at = event instanceof MouseEvent && event.detail !== 0 ? event : belowOf(event.target as Element);
    this.opened = { label, entries, quick, x: at.clientX, y: at.clientY };
  }

  close(): void {
    if (!this.opened) return;
    this.opened = undefined;
    if (this.#from instanceof HTMLElement && this.#from.isConnected) this.#from.focus({ preventScroll: true });
  }
}

function belowOf(element: Element): { clientX: number; clientY: number } {
  const { left, bottom, top } = element.getBoundingClientRect();
  return { clientX: left + 16, clientY: Math.min(bottom, Math.max(top + 24, innerHeight / 2)) };
}

export const [getMenu, setMenu] = createContext<Menu>();
