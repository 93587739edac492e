import { expect, it } from "vitest";
import { retryWhileInUse } from "./retry.ts";

const IN_USE = { code: "in-use", message: "busy" };

it("tries again until the store is free", async () => {
  const answers = [IN_USE, IN_USE];
  const opened = await retryWhileInUse(async () => {
    const busy = answers.pop();
    if (busy) throw busy;
    return "open";
  }, 0);
  expect(opened).toBe("open");
});

it("gives up when it stays in use", async () => {
  let attempts = 0;
  const open = async () => {
    attempts += 1;
    throw IN_USE;
  };
  await expect(retryWhileInUse(open, 0)).rejects.toBe(IN_USE);
  expect(attempts).toBe(20);
});

it("does not try again after any other failure", async () => {
  let attempts = 0;
  const damaged = { code: "damaged", message: "no" };
  const open = async () => {
    attempts += 1;
    throw damaged;
  };
  await expect(retryWhileInUse(open, 0)).rejects.toBe(damaged);
  expect(attempts).toBe(1);
});
