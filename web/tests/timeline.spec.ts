// A long conversation: little of it is on the page, all of it can be reached, and nothing jumps.
import type { Page } from "@playwright/test";
import { expect, test } from "./harness/fixtures.ts";
import { picture } from "./harness/look.ts";
import { Tab } from "./harness/person.ts";
import { DESK, message, open, say, talking, texts } from "./harness/people.ts";

const MESSAGES = 500;
/** Messages that the page may hold. */
const HELD_MAX = 260;

/** Says many things to oneself, all through the log of the server. */
async function monologue(tab: Tab, count: number): Promise<void> {
  await tab.register();
  await tab.call("recoveryWordsAreKept");
  await tab.call("startDirect", tab.name, undefined);
  const find = async () => (await tab.call("chats")).find(({ kind }) => kind === "saved")?.id ?? "";
  await expect.poll(find).not.toBe("");
  const chat = await find();
  await tab.page.evaluate(
    async ([chat, count]) => {
      for (let number = 1; number <= count; number += 1) {
        const text = `message ${number} ${"and more ".repeat(number % 7)}`;
        await window.client.call("send", chat, window.draw(), { text });
      }
    },
    [chat, count] as const,
  );
  const waiting = async () => (await tab.call("page", chat, undefined, 1)).queued.length;
  await expect.poll(waiting, { timeout: 200_000 }).toBe(0);
}

const numbers = (page: Page) =>
  texts(page).evaluateAll((all) => all.map((text) => Number(/\d+/.exec(text.textContent ?? "")?.[0])));

/** The number of the first message in sight, and how far from the top it is. */
const firstInSight = (page: Page) =>
  page.getByRole("log").evaluate((view) => {
    const top = view.getBoundingClientRect().top;
    const all = [...view.querySelectorAll(".text")];
    const first = all.find((text) => text.getBoundingClientRect().bottom > top);
    return { number: Number(/\d+/.exec(first?.textContent ?? "")?.[0]), top: first?.getBoundingClientRect().top ?? 0 };
  });

test("a long conversation is scrolled through from the last to the first and back", async ({ browser, server }) => {
  test.setTimeout(400_000);
  const context = await browser.newContext({ viewport: DESK });
  const tab = await Tab.open(context, server, "alice");
  await monologue(tab, MESSAGES);
  await tab.page.close();

  const page = await context.newPage();
  await page.goto(server.url);
  await open(page, "Saved messages");
  await expect(texts(page).last()).toContainText(`message ${MESSAGES}`);
  expect((await numbers(page)).length).toBeLessThanOrEqual(HELD_MAX);

  await page.getByRole("log").hover();
  let before = (await firstInSight(page)).number;
  for (let steps = 0; before > 1; steps += 1) {
    expect(steps, "it comes to an end").toBeLessThan(MESSAGES);
    await page.mouse.wheel(0, -2000);
    await page.waitForTimeout(60);
    const { number } = await firstInSight(page);
    expect(number, "it goes back and never forward").toBeLessThanOrEqual(before);
    expect(before - number, "nothing is skipped").toBeLessThan(90);
    before = number;
    if (steps % 20 === 0) expect((await numbers(page)).length).toBeLessThanOrEqual(HELD_MAX);
  }
  const held = await numbers(page);
  expect(held.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));

  await page.getByTestId("to-end").click();
  await expect(texts(page).last()).toContainText(`message ${MESSAGES}`);
  await expect(texts(page).last()).toBeInViewport();
  expect((await numbers(page)).length).toBeLessThanOrEqual(HELD_MAX);

  await page.getByRole("button", { name: "Chat actions" }).click();
  await page.getByRole("menuitem", { name: "Go to a day" }).click();
  await picture(page, "to-day-desk-light");
  await page.getByTestId("to-day").getByRole("button", { name: "Go" }).click();
  await expect(message(page, "message 1 and more")).toBeInViewport();

  await page.keyboard.press("ControlOrMeta+f");
  await page.getByTestId("chat-search").getByRole("searchbox").fill("message 321");
  await expect(texts(page).filter({ hasText: "message 321" })).toBeInViewport();
  await expect(page.locator("mark").first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator("mark")).toHaveCount(0);
});

test("one begins where one has stopped reading, and is told what is below", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await say(bob, "i am off");
  await bob.goto(`${server.url}/#list`);
  await expect(message(alice, "i am off")).toBeVisible();
  for (let number = 1; number <= 40; number += 1) await say(alice, `line ${number}\nwith a second line`);
  await expect(bob.getByTestId("unread")).toContainText("40 unread messages");
  await open(bob, "alice");
  await expect(bob.getByTestId("unread-line")).toBeInViewport();
  await expect(message(bob, "line 1 with")).toBeInViewport();
  await expect(bob.getByTestId("to-end")).toHaveAttribute("aria-label", /unread/);
  await picture(bob, "unread-desk-light");
  const before = await firstInSight(bob);
  await say(alice, "line 41");
  await expect(bob.getByTestId("to-end")).toBeVisible();
  expect(await firstInSight(bob)).toEqual(before);
  await bob.getByTestId("to-end").click();
  await expect(message(bob, "line 41")).toBeInViewport();
  await expect(bob.getByTestId("to-end")).toBeHidden();
  await expect(bob.getByTestId("unread")).toBeHidden();
});

test("an answer leads to what it answers, however far up", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  for (let number = 1; number <= 90; number += 1) await say(alice, `line ${number}`);
  await expect(texts(bob).last()).toHaveText("line 90");
  await bob.getByRole("log").hover();
  await expect(async () => {
    await bob.mouse.wheel(0, -5000);
    await expect(message(bob, "hello bob")).toBeInViewport({ timeout: 500 });
  }).toPass();
  await message(bob, "hello bob").click({ button: "right" });
  await bob.getByRole("menuitem", { name: "Reply" }).click();
  await say(bob, "that was long ago");
  const quotation = alice.getByTestId("quotation");
  await expect(quotation).toBeInViewport();
  await alice.reload();
  await expect(quotation).toBeInViewport();
  await quotation.click();
  await expect(message(alice, "hello bob").first()).toBeInViewport();
  await expect(message(alice, "hello bob").first()).toBeFocused();
});
