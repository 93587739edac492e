import { expect, it } from "vitest";
import { brightnessOf } from "./pictures.ts";

it("green is brighter than red, and red than blue", () => {
  const [white, black, red, green, blue] = brightnessOf(
    Uint8ClampedArray.of(255, 255, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255),
  );
  expect([white, black]).toEqual([255, 0]);
  expect([red, green, blue]).toEqual([76, 149, 29]);
});
