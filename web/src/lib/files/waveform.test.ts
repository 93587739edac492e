import { expect, it } from "vitest";
import { BARS, barOf, barsOf, loudness, minutes } from "./waveform.ts";

it("draws the loudest moment of each stretch, and no more bars than there is room for", () => {
  expect(barsOf([0, 0.25, 1, 0], 2)).toEqual([128, 255]);
  expect(barsOf([0.5], 64)).toEqual([255]);
  const bars = barsOf(Array.from({ length: 10_000 }, (_, at) => at / 10_000));
  expect(bars).toHaveLength(BARS);
  expect(bars.every((bar, at) => bar >= (bars[at - 1] ?? 0) && bar <= 255)).toBe(true);
});

it("does not draw silence as a shout", () => {
  expect(Math.max(...barsOf(Array.from({ length: 100 }, () => 0.0001)))).toBeLessThan(30);
  expect(barsOf([])).toEqual([]);
});

it("draws a moment while nobody knows what comes", () => {
  expect([0, 1 / 16, 1 / 4, 1].map(barOf)).toEqual([0, 128, 255, 255]);
});

it("hears how loud a moment is", () => {
  expect(loudness(Float32Array.from([0.5, -0.5]))).toBeCloseTo(0.5);
  expect(loudness(new Float32Array())).toBe(0);
});

it("shows lengths as clocks do", () => {
  expect([0, 999, 61_000, 3_661_000, -1].map(minutes)).toEqual(["0:00", "0:00", "1:01", "1:01:01", "0:00"]);
});
