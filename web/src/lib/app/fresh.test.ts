import { expect, it } from "vitest";
import { Fresh } from "./fresh.ts";

it("looks once more for all that changed while it looked", async () => {
  let looks = 0;
  let finish = () => {};
  const fresh = new Fresh(() => {
    looks += 1;
    return new Promise((resolve) => (finish = resolve));
  });
  for (let change = 0; change < 5; change += 1) fresh.want();
  expect(looks).toBe(1);
  finish();
  await expect.poll(() => looks).toBe(2);
});

it("goes on after a look that failed", async () => {
  let looks = 0;
  const fresh = new Fresh(async () => {
    looks += 1;
    throw new Error("gone");
  });
  fresh.want();
  await expect.poll(() => looks).toBe(1);
  await Promise.resolve();
  fresh.want();
  await expect.poll(() => looks).toBe(2);
});
