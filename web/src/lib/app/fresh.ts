/** Looks again whenever something may have changed: never twice at a time, and once more if it was wanted meanwhile. */
export class Fresh {
  readonly #look: () => Promise<void>;
  #looking = false;
  #wanted = false;

  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  want(): void {
    this.#wanted = true;
    if (!this.#looking) void this.#run();
  }

  async #run(): Promise<void> {
    this.#looking = true;
    while (this.#wanted) {
      this.#wanted = false;
      // What fails here is looked at again with the next change; that everything is broken is told elsewhere.
      await this.#look().catch(() => {});
    }
    this.#looking = false;
  }
}
