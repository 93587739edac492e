// Two tabs, one store: one writes, the other waits and takes over.
import { expect, expectState, expectVerdict, openings, step, test } from "./harness/fixtures.ts";

test("C1: a second tab says that the first has the store, and takes over when it is closed", async ({
  context,
  server,
}) => {
  const first = await context.newPage();
  await first.goto(`${server.url}/#check`);
  await expectVerdict(first, "ok");

  const second = await context.newPage();
  await second.goto(`${server.url}/#check`);
  await expectVerdict(second, "held");
  await expectState(second, "store", "waiting");
  await expect(step(second, "tab")).toContainText("Waiting for the other tab");
  await expect(second.getByTestId("news")).toContainText("another tab");

  await first.close();
  await expectState(second, "store", "ok");
  await expectVerdict(second, "ok");
  expect(await openings(second)).toBe(2);
});

test("C2: the store changes hands when the writing tab crashes", async ({ context, server }) => {
  const first = await context.newPage();
  await first.goto(`${server.url}/#check`);
  await expectVerdict(first, "ok");
  const second = await context.newPage();
  await second.goto(`${server.url}/#check`);
  await expectVerdict(second, "held");

  const debug = await context.newCDPSession(first);
  const crashed = first.waitForEvent("crash");
  // The answer never comes: whoever would give it has crashed.
  debug.send("Page.crash").catch(() => {});
  await crashed;
  await expectState(second, "store", "ok");
  expect(await openings(second)).toBe(2);
});

test("C1: of five tabs exactly one has the store, and none is forgotten", async ({ context, server }) => {
  const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
  await Promise.all(tabs.map((tab) => tab.goto(`${server.url}/#check`)));

  for (let left = tabs; left.length > 0;) {
    await expect.poll(() => count(left, "ok")).toBe(1);
    await expect.poll(() => count(left, "held")).toBe(left.length - 1);
    const verdicts = await Promise.all(left.map(verdict));
    const owner = left[verdicts.indexOf("ok")];
    expect(owner && (await openings(owner))).toBe(tabs.length - left.length + 1);
    await owner?.close();
    left = left.filter((tab) => tab !== owner);
  }
});

async function count(tabs: import("@playwright/test").Page[], wanted: string): Promise<number> {
  const verdicts = await Promise.all(tabs.map(verdict));
  return verdicts.filter((found) => found === wanted).length;
}

function verdict(tab: import("@playwright/test").Page): Promise<string | null> {
  return tab.getByTestId("verdict").getAttribute("data-verdict");
}
