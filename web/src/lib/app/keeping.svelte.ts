/** What the browser keeps for this site, and whether it has promised to. */
export class Keeping {
  used = $state(0);
  quota = $state(0);
  persisted = $state<boolean>();
  /** The browser was asked, and did not promise. */
  refused = $state(false);

  async look(): Promise<void> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    this.used = usage;
    this.quota = quota;
    this.persisted = await navigator.storage.persisted();
  }

  async ask(): Promise<void> {
    this.persisted = await navigator.storage.persist();
    this.refused = !this.persisted;
  }
}
