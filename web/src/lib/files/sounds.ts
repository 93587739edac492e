// Voice messages of the open page: one is heard at a time. What came is looked at before the browser may decode it, as pictures are.
import type { Arrivals, Place } from "./arrivals.ts";
import { soundType } from "./sound-head.ts";
import { Pace, Sound } from "./sound.svelte.ts";

export class Sounds {
  readonly pace = new Pace();
  readonly #arrivals: Arrivals;
  readonly #known = new Map<string, Sound>();
  /** Those whose content is held, the youngest last. */
  readonly #held: Sound[] = [];
  #audio: HTMLAudioElement | undefined;
  #heard: Sound | undefined;

  constructor(arrivals: Arrivals) {
    this.#arrivals = arrivals;
  }

  of({ event, place }: Pick<Place, "event" | "place">): Sound {
    const key = `${event} ${place}`;
    const sound = this.#known.get(key) ?? new Sound();
    this.#known.set(key, sound);
    return sound;
  }

  /** What is about to be sent can be heard at once. */
  keepOwn(event: string, place: number, content: Blob): void {
    this.#hold(this.of({ event, place }), content);
  }

  /** Begins, or goes on, or pauses. */
  async toggle(at: Place): Promise<void> {
    const sound = this.of(at);
    if (sound.stage === "playing") return this.#audio?.pause();
    if (sound.stage === "coming") return;
    this.hush();
    this.#heard = sound;
    [sound.stage, sound.failed] = ["coming", undefined];
    try {
      if (!sound.url) await this.#load(at, sound);
    } catch {
      sound.failed = "not come";
    }
    // Meanwhile somebody may want to hear another one.
    if (sound.url && this.#heard === sound) this.#play(sound, sound.url);
    else sound.stage = "still";
  }

  seek(at: Place, ms: number): void {
    const sound = this.of(at);
    sound.atMs = ms;
    if (this.#heard === sound && this.#audio) this.#audio.currentTime = ms / 1_000;
  }

  setRate(rate: number): void {
    this.pace.rate = rate;
    if (this.#audio) this.#audio.playbackRate = rate;
  }

  /** Nothing is heard any more. */
  hush(): void {
    this.#audio?.pause();
    this.#audio = this.#heard = undefined;
  }

  async #load(at: Place, sound: Sound): Promise<void> {
    const bytes = await this.#arrivals.whole(at, SOUND_MAX);
    const type = bytes && soundType(bytes);
    if (type) this.#hold(sound, new Blob([bytes], { type }));
    else sound.failed = "none";
  }

  /** Gives it an address, and takes that of the one that was fetched first if there are too many. */
  #hold(sound: Sound, content: Blob): void {
    sound.url = URL.createObjectURL(content);
    this.#held.push(sound);
    if (this.#held.length <= HELD_MAX) return;
    const oldest = this.#held.shift();
    if (oldest?.url) URL.revokeObjectURL(oldest.url);
    if (oldest) oldest.url = undefined;
  }

  #play(sound: Sound, url: string): void {
    const audio = new Audio(url);
    this.#audio = audio;
    audio.currentTime = sound.atMs / 1_000;
    audio.playbackRate = this.pace.rate;
    audio.onplay = () => (sound.stage = "playing");
    audio.onpause = () => (sound.stage = "still");
    audio.ontimeupdate = () => {
      if (!audio.ended) sound.atMs = audio.currentTime * 1_000;
    };
    audio.onended = () => ([sound.stage, sound.atMs] = ["still", 0]);
    audio.onerror = () => ([sound.stage, sound.failed] = ["still", "none"]);
    audio.play().catch(() => (sound.stage = "still"));
  }
}

/** Longer ones are files to be saved. */
export const SOUND_MAX = 20_000_000;
/** As much as a page may hold of what was heard. */
const HELD_MAX = 12;
