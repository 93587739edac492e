import { describe, expect, it } from "vitest";
import { around, newer, NEWEST, older, settled, SIZE_MAX, STEP, type Window } from "./window.ts";

const LOG = Array.from({ length: 1000 }, (_, place) => ({ seq: 2 * place + 1 }));

/** What the core would give for a window. */
function held({ from, size }: Window) {
  return from === undefined ? LOG.slice(-size) : LOG.filter(({ seq }) => seq >= from).slice(0, size);
}

function before(window: Window) {
  const first = held(window)[0]?.seq ?? 0;
  return LOG.filter(({ seq }) => seq < first).slice(-STEP);
}

function after(window: Window): boolean {
  return held(window).at(-1)?.seq !== LOG.at(-1)?.seq;
}

describe("the stretch that is held", () => {
  it("reaches the first item step by step, and never holds more than it may", () => {
    let window = NEWEST;
    for (let steps = 0; held(window)[0]?.seq !== 1; steps += 1) {
      expect(steps).toBeLessThan(LOG.length / STEP + 1);
      const [was] = held(window);
      window = older(window, before(window));
      expect(held(window).length).toBeLessThanOrEqual(SIZE_MAX);
      expect(held(window), "what was on the screen stays").toContain(was);
    }
    expect(older(window, [])).toEqual(window);
  });

  it("comes back to the end the same way, and follows it from there", () => {
    let window = around(1, []);
    for (let steps = 0; after(window); steps += 1) {
      expect(steps).toBeLessThan(LOG.length / STEP + 1);
      const was = held(window).at(-1);
      window = newer(window, held(window));
      expect(held(window), "what was on the screen stays").toContain(was);
    }
    expect(settled(window, held(window), true, false).from).toBeUndefined();
  });

  it("has what lies before a place as well as what follows", () => {
    const window = around(1001, LOG.filter(({ seq }) => seq < 1001).slice(-STEP));
    expect(held(window)[0]?.seq).toBe(1001 - 2 * STEP);
    expect(held(window).some(({ seq }) => seq === 1001)).toBe(true);
    expect(around(1, [])).toEqual({ from: 1, size: SIZE_MAX });
  });

  it("stays where somebody reads while others write", () => {
    const window = settled(NEWEST, held(NEWEST), false, false);
    expect(window.from).toBe(held(NEWEST)[0]?.seq);
    expect(settled(window, held(window), false, false)).toEqual(window);
  });

  it("does not jump to the end because somebody looks at the end of what is held", () => {
    const window = around(1, []);
    expect(settled(window, held(window), true, true)).toEqual(window);
  });
});
