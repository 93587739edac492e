/** Who has said to be writing is believed for so long. */
const TYPING_MS = 6000;
/** How often it is said that somebody is writing. */
const PAUSE_MS = 3000;

/** Who is writing in a chat. */
export class Typing {
  who = $state.raw<string[]>([]);
  #told = 0;
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- timers, which nothing shows
  readonly #stops = new Map<string, ReturnType<typeof setTimeout>>();

  hear(who: string, stopped: boolean): void {
    clearTimeout(this.#stops.get(who));
    this.who = this.who.filter((other) => other !== who);
    if (stopped) return;
    this.who = [...this.who, who];
    this.#stops.set(
      who,
      setTimeout(() => this.hear(who, true), TYPING_MS),
    );
  }

  /** Whether it is time to tell the others again. */
  isDue(): boolean {
    const due = Date.now() - this.#told >= PAUSE_MS;
    if (due) this.#told = Date.now();
    return due;
  }

  close(): void {
    for (const stop of this.#stops.values()) clearTimeout(stop);
    this.#stops.clear();
  }
}
