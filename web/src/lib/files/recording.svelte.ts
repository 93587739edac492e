// A voice message that is being spoken: what the microphone hears is encoded by the browser, and how loud it is is looked at meanwhile.
import { barsOf, loudness } from "./waveform.ts";

export interface Recorded {
  content: Blob;
  durationMs: number;
  waveform: number[];
}

export class Recording {
  elapsedMs = $state(0);
  /** The youngest moments, to be drawn. */
  recent = $state.raw<number[]>([]);
  /** Nothing more is taken. */
  isFull = $state(false);
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;
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
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    return new Recording(stream);
  }

  private constructor(stream: MediaStream) {
    this.#stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS, ...(mimeType && { mimeType }) });
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#parts.push(data));
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

  /** What was said until now. */
  async end(): Promise<Recorded> {
    const ended = new Promise((resolve) => this.#recorder.addEventListener("stop", resolve, { once: true }));
    const isOver = this.#recorder.state === "inactive";
    this.cancel();
    if (!isOver) await ended;
    const [type = ""] = this.#recorder.mimeType.split(";");
    return {
      content: new Blob(this.#parts, { type }),
      durationMs: Math.round(this.elapsedMs),
      waveform: barsOf(this.#levels),
    };
  }

  /** Lets go of the microphone. */
  cancel(): void {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.#context.state !== "closed") void this.#context.close();
  }

  #hear(level: number): void {
    if (this.isFull) return;
    this.#levels.push(level);
    this.recent = [...this.recent, level].slice(-RECENT);
    this.elapsedMs = performance.now() - this.#began;
    if (this.elapsedMs < LONGEST_MS) return;
    this.isFull = true;
    this.#recorder.stop();
  }
}

/** A name for a recording. */
export function nameOf({ type }: Blob): string {
  const ending = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" }[type] ?? "bin";
  return `voice.${ending}`;
}

/** What browsers write, the best first. */
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
/** Enough for a voice in Opus. */
const BITS = 32_000;
const MOMENT_MS = 50;
/** Parts are handed out as one speaks, so that nothing is left at the end. */
const PART_MS = 1_000;
/** Two megabytes every ten minutes: seven of what is played in place. */
const LONGEST_MS = 30 * 60_000;
const RECENT = 48;
