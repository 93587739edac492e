import { expect, it } from "vitest";
import { batches } from "./attached.ts";

it("sends a folder of holiday pictures as several messages", () => {
  const pictures = Array.from({ length: 45 }, (_, at) => at);
  expect(batches(pictures).map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(batches(pictures).flat()).toEqual(pictures);
  expect(batches([])).toEqual([]);
});
