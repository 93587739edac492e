import { createContext } from "svelte";

const SHOWN_MS = 4000;

/** A short word to the person about what has just been done, or could not be. */
export class Notes {
  text = $state("");
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.#timer);
    this.text = text;
    this.#timer = setTimeout(() => (this.text = ""), SHOWN_MS);
  }
}

export const [getNotes, setNotes] = createContext<Notes>();
