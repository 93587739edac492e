// A voice message that is being spoken: what the microphone hears is encoded by the browser, and how loud it is is looked at meanwhile.
import { barsOf, loudness } from "./waveform.ts";

export interface Recorded {
  content: Blob;
  durationMs: number;
  waveform: number[];
}

export class Recording {
  elapsedMs = $state(0);
  /** The loudness of the youngest moments, to be drawn. */
  recent = $state.raw<number[]>([]);
  /** The microphone is let go. */
  isOver = $state(false);
  readonly isFull = $derived(this.elapsedMs >= LONGEST_MS);
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;
  readonly #stopped: Promise<unknown>;
  readonly #context = new AudioContext();
  readonly #levels: number[] = [];
  readonly #parts: Blob[] = [];
  readonly #began = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;

  static isPossible(): boolean {
    return typeof MediaRecorder !== "undefined" && typeof navigator.mediaDevices?.getUserMedia === "function";
  }

  /** Asks for the microphone, which a person may refuse. */
  static async begin(): Promise<Recording> {
    return new Recording(await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } }));
  }

  private constructor(stream: MediaStream) {
    this.#stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS, ...(mimeType && { mimeType }) });
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#parts.push(data));
    this.#stopped = new Promise((resolve) => this.#recorder.addEventListener("stop", resolve));
    const ear = this.#context.createAnalyser();
    ear.fftSize = 1024;
    this.#context.createMediaStreamSource(stream).connect(ear);
    const samples = new Float32Array(ear.fftSize);
    this.#timer = setInterval(() => {
      ear.getFloatTimeDomainData(samples);
      this.#hear(loudness(samples));
    }, MOMENT_MS);
    this.#recorder.start(PART_MS);
  }

  /** Lets go of the microphone. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    clearInterval(this.#timer);
    this.#recorder.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    void this.#context.close();
  }

  /** Ends it, and gives what was said. */
  async recorded(): Promise<Recorded> {
    this.end();
    await this.#stopped;
    const [type = ""] = this.#recorder.mimeType.split(";");
    return {
      content: new Blob(this.#parts, { type }),
      durationMs: Math.round(this.elapsedMs),
      waveform: barsOf(this.#levels),
    };
  }

  #hear(level: number): void {
    this.#levels.push(level);
    this.recent = [...this.recent, level].slice(-RECENT);
    this.elapsedMs = performance.now() - this.#began;
    if (this.isFull) this.end();
  }
}

/** What browsers write, the best first. */
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
/** Enough for a voice in Opus. */
const BITS = 32_000;
const MOMENT_MS = 50;
/** Parts are handed out as one speaks, so that nothing is left at the end. */
const PART_MS = 1_000;
/** Half an hour is seven megabytes, of the twenty that are played in place. */
const LONGEST_MS = 30 * 60_000;
const RECENT = 48;
