import { type Arrivals, NotCome, type Place } from "./arrivals.ts";
import { isBearable, pictureHead } from "./picture-head.ts";
import { Shown } from "./shown.svelte.ts";

/**
 * Pictures of messages as this page shows them. What came is looked at before the browser may decode it, and labelled as what it is: bytes
 * of a stranger that are no picture of a known kind never get an address.
 */
export class Pictures {
  readonly #arrivals: Arrivals;
  readonly #shown = new Map<string, Shown>();
  /** What this page has just sent, so that nobody has to wait for it. */
  readonly #own = new Map<string, Blob>();

  constructor(arrivals: Arrivals) {
    this.#arrivals = arrivals;
  }

  /** Shows a picture until the returned one is let go. */
  show(at: Place): Shown {
    const key = keyOf(at);
    const shown = this.#shown.get(key) ?? new Shown();
    // The youngest is last.
    this.#shown.delete(key);
    this.#shown.set(key, shown);
    shown.users += 1;
    if (!shown.url && shown.failed !== "none" && shown.users === 1) void this.#load(at, shown);
    return shown;
  }

  letGo(shown: Shown): void {
    shown.users -= 1;
    for (const [key, { users, url }] of this.#shown) {
      if (this.#shown.size <= SHOWN_MAX) return;
      if (users > 0) continue;
      if (url) URL.revokeObjectURL(url);
      this.#shown.delete(key);
    }
  }

  /** The browser's decoder says that it is none after all. */
  refuse(shown: Shown): void {
    if (shown.url) URL.revokeObjectURL(shown.url);
    shown.url = undefined;
    shown.failed = "none";
  }

  /** Keeps what is about to be sent. */
  keepOwn(event: string, place: number, content: Blob): void {
    this.#own.set(`${event} ${place}`, content);
    const [oldest] = this.#own.keys();
    if (this.#own.size > OWN_MAX && oldest) this.#own.delete(oldest);
  }

  async #load(at: Place, shown: Shown): Promise<void> {
    shown.failed = undefined;
    const own = this.#own.get(`${at.event} ${at.place}`);
    try {
      shown.url = own ? URL.createObjectURL(own) : await this.#fetch(at);
      if (!shown.url) shown.failed = "none";
    } catch (thrown) {
      shown.failed = "not come";
      // What cannot be had now is asked for when it is shown next.
      if (!(thrown instanceof NotCome)) this.#shown.delete(keyOf(at));
    }
  }

  async #fetch(at: Place): Promise<string | undefined> {
    const bytes = await this.#arrivals.whole(at, SIZE_MAX);
    return bytes && urlOf(bytes);
  }
}

function urlOf(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  const head = pictureHead(bytes);
  return head && isBearable(head) ? URL.createObjectURL(new Blob([bytes], { type: head.type })) : undefined;
}

/** A tiny picture out of an event, as an address; none if it is not what it should be. */
export function blurUrl(bytes: readonly number[]): string | undefined {
  const head = pictureHead(Uint8Array.from(bytes));
  if (!head || Math.max(head.width, head.height) > BLUR_SIDE_MAX) return undefined;
  return `data:${head.type};base64,${btoa(String.fromCharCode(...bytes))}`;
}

function keyOf({ event, place, thumbnail }: Place): string {
  return `${event} ${place} ${thumbnail}`;
}

/** So many are held, beside those that are in sight. */
const SHOWN_MAX = 120;
const OWN_MAX = 40;
/** Larger ones are files to be saved. */
export const SIZE_MAX = 20_000_000;
const BLUR_SIDE_MAX = 64;
