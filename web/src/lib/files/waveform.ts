// The loudness of a recording over time, as it is sent and as it is drawn.

/** As many stretches as the protocol has room for twice over: a bubble has no room for more. */
export const BARS = 64;

/** The loudest of each of equal stretches, in proportion to the loudest of all. */
export function barsOf(levels: readonly number[], count = BARS): number[] {
  const bars = Math.min(count, levels.length);
  const loudest = levels.reduce((most, level) => Math.max(most, level), SILENCE);
  return Array.from({ length: bars }, (_, at) => {
    const stretch = levels.slice(
      Math.floor((at * levels.length) / bars),
      Math.floor(((at + 1) * levels.length) / bars),
    );
    // People hear loudness by its root, or less.
    return Math.round(255 * Math.sqrt(Math.max(0, ...stretch) / loudest));
  });
}

/** A moment while one speaks, when the loudest is not known: a voice is seldom louder than a quarter of what a microphone can hear. */
export function barOf(level: number): number {
  return Math.min(255, Math.round(255 * Math.sqrt(4 * level)));
}

/** How loud a moment is, of samples between -1 and 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** A length as clocks show it. */
export function minutes(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [hours, rest] = [Math.floor(seconds / 3_600), seconds % 3_600];
  const parts = hours > 0 ? [hours, Math.floor(rest / 60), rest % 60] : [Math.floor(rest / 60), rest % 60];
  return parts.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** What a microphone hears where nobody speaks: it is not drawn as a shout. */
const SILENCE = 0.01;
