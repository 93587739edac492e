import type { Contact, KeyChoice, Safety, Scan } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import { Fresh } from "./fresh.ts";
import type { Picture } from "./pictures.ts";

/** What came of comparing, when it was not what it should be. */
export type Wrong = Exclude<Scan, "verified"> | "different";

/** Making sure of a contact: what is compared, and what came of it. The core judges; this remembers what it said. */
export class Verification {
  readonly account: string;
  contact = $state.raw<Contact>();
  safety = $state.raw<Safety>();
  loaded = $state(false);
  wrong = $state<Wrong>();
  /** Which key is looked at: one that is yet to be decided on, or the one that is known. */
  readonly key: KeyChoice = $derived(this.contact?.keyChanged ? "new" : "known");
  readonly verified = $derived(this.contact?.verified === true && !this.contact.keyChanged);
  readonly #client: Client;
  readonly #look = new Fresh(() => this.#read());

  constructor(client: Client, account: string) {
    this.#client = client;
    this.account = account;
    this.#look.want();
  }

  /** Looks again when something is new, until the returned function is called. */
  listen(): () => void {
    return this.#client.listen({
      changed: (change) => {
        if (change.type === "contact" && change.account === this.account) this.#look.want();
      },
      moved: () => this.#look.want(),
    });
  }

  /** Judges a picture of the other screen. A code that holds is all that is needed; nothing comes back where there is no code. */
  async judge({ width, brightness }: Picture): Promise<Scan | undefined> {
    const scan = await this.#client.call("judgePicture", this.account, this.key, width, brightness);
    if (scan === "verified") await this.confirm();
    else if (scan) this.wrong = scan;
    return scan;
  }

  /** What was compared is the same. A key that was new is the known one from then on. */
  async confirm(): Promise<void> {
    this.wrong = undefined;
    if (this.key === "new") await this.decide("new");
    await this.#client.call("setVerified", this.account, true);
  }

  withdraw(): Promise<void> {
    return this.#client.call("setVerified", this.account, false);
  }

  decide(choice: KeyChoice): Promise<void> {
    this.wrong = undefined;
    return this.#client.call("decideOnKey", this.account, choice);
  }

  async #read(): Promise<void> {
    const contact = await this.#client.call("contact", this.account);
    this.safety = await this.#client.call("safety", this.account, contact?.keyChanged ? "new" : "known");
    this.contact = contact;
    this.loaded = true;
  }
}
