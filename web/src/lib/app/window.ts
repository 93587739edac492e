// Which stretch of a timeline is held. Only numbers in, only numbers out; who asks the core is elsewhere.

/** So many items are looked at at first, and so many come with each step. */
export const STEP = 60;
/** So many are held at most, wherever one has scrolled to. */
export const SIZE_MAX = 240;

export interface Window {
  /** The first place that is held; none while it is the newest items that are. */
  from: number | undefined;
  size: number;
}

interface Placed {
  seq: number;
}

export const NEWEST: Window = { from: undefined, size: STEP };

/** One step back. `before` are the items that come before what is held. */
export function older(window: Window, before: readonly Placed[]): Window {
  if (window.from === undefined && window.size < SIZE_MAX) {
    return { from: undefined, size: Math.min(window.size + STEP, SIZE_MAX) };
  }
  const [first] = before;
  return first ? { from: first.seq, size: SIZE_MAX } : window;
}

/** One step on. `held` are the items that are held. */
export function newer(window: Window, held: readonly Placed[]): Window {
  if (window.from === undefined) return window;
  // As much is given up at one end as comes at the other.
  const next = held.length < SIZE_MAX ? held[0] : held[STEP];
  return { from: next?.seq ?? window.from, size: SIZE_MAX };
}

/** A place in the middle. `before` are the items before it. */
export function around(seq: number, before: readonly Placed[]): Window {
  return { from: before[0]?.seq ?? seq, size: SIZE_MAX };
}

/**
 * What is held from now on, after it was looked at: whoever is at the end goes with it, and whoever reads further up keeps what they have,
 * however much is written meanwhile.
 */
export function settled(window: Window, held: readonly Placed[], following: boolean, hasNewer: boolean): Window {
  const [first] = held;
  if (following && !hasNewer) return { from: undefined, size: Math.max(STEP, Math.min(held.length, SIZE_MAX)) };
  if (window.from === undefined && !following && first) return { from: first.seq, size: SIZE_MAX };
  return window;
}
