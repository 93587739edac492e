// Voice messages of the open page: one is heard at a time. What came is looked at before the browser may decode it, as pictures are.
import type { Change } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import { Arrivals, type Place } from "./arrivals.ts";
import { soundType } from "./sound-head.ts";
import { Pace, Sound } from "./sound.svelte.ts";

export class Sounds {
  readonly pace = new Pace();
  readonly #arrivals: Arrivals;
  readonly #known = new Map<string, Sound>();
  /** What this page has just sent. */
  readonly #own = new Map<string, Blob>();
  #audio: HTMLAudioElement | undefined;
  #heard: Sound | undefined;

  constructor(client: Client) {
    this.#arrivals = new Arrivals(client);
  }

  take(change: Change): void {
    this.#arrivals.take(change);
  }

  lookAgain(): void {
    this.#arrivals.lookAgain();
  }

  keepOwn(event: string, place: number, content: Blob): void {
    this.#own.set(`${event} ${place}`, content);
  }

  of({ event, place }: Place): Sound {
    const key = `${event} ${place}`;
    const sound = this.#known.get(key) ?? new Sound();
    this.#known.set(key, sound);
    return sound;
  }

  /** Begins, or goes on, or pauses. */
  async toggle(at: Place): Promise<void> {
    const sound = this.of(at);
    if (this.#heard === sound && sound.stage === "playing") return this.#audio?.pause();
    if (sound.stage === "coming") return;
    this.hush();
    this.#heard = sound;
    [sound.stage, sound.failed] = ["coming", undefined];
    try {
      sound.url ??= await this.#load(at);
    } catch {
      sound.failed = "not come";
    }
    if (!sound.url) sound.failed ??= "none";
    // Meanwhile somebody may want to hear another one.
    if (sound.failed || this.#heard !== sound) sound.stage = "still";
    else this.#play(sound, sound.url ?? "");
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

  async #load(at: Place): Promise<string | undefined> {
    const own = this.#own.get(`${at.event} ${at.place}`);
    const bytes = own ? new Uint8Array(await own.arrayBuffer()) : await this.#arrivals.whole(at, SOUND_MAX);
    const type = bytes && soundType(bytes);
    return type && URL.createObjectURL(new Blob([bytes], { type }));
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
