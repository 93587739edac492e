// The app as people use it: coming in, the words, a first chat, on a desk and on a phone.
import type { Page } from "@playwright/test";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import {
  arrive,
  create,
  greet,
  isIn,
  keepWords,
  NARROWEST,
  newcomer,
  open,
  PHONE,
  say,
  texts,
} from "./harness/people.ts";

test("two people create accounts, find each other, and talk", async ({ browser, server }) => {
  const alice = await arrive(browser, server);
  const bob = await arrive(browser, server, { viewport: PHONE, colorScheme: "dark" });
  for (const [page, name] of [
    [alice, "alice"],
    [bob, "bob"],
  ] as const) {
    await create(page, name);
    await picture(page, `words-${name}`);
    await keepWords(page);
    await isIn(page);
  }
  await expectNothingOfSecrets(alice);

  await greet(alice, "bob", "hello bob\nthis is a second line");
  await open(bob, "alice");
  await bob.getByRole("button", { name: "Accept" }).click();
  await expect(texts(bob)).toHaveText(["hello bob\nthis is a second line"]);
  await say(bob, "hello yourself");
  await expect(texts(alice)).toHaveText(["hello bob\nthis is a second line", "hello yourself"]);
  await expect(alice.getByTestId("message").first()).toHaveAttribute("data-state", "read");
  await picture(alice, "chat-desk-light");
  await picture(bob, "chat-phone-dark");
  await expectNoSeriousFinding(alice);
  await expectNoSeriousFinding(bob);

  await bob.getByRole("link", { name: "Back to the chats" }).click();
  await say(alice, "are you still there?");
  await expect(bob.getByTestId("unread")).toContainText("1 unread message");
  await picture(bob, "chats-phone-dark");
  await expectNoSeriousFinding(bob);

  await alice.reload();
  await expect(texts(alice)).toHaveCount(3);
  await picture(await wider(alice, PHONE), "chat-phone-light");
});

test("M9: markup and script in a message are text", async ({ browser, server }) => {
  const page = await newcomer(browser, server, "alice");
  await newcomer(browser, server, "bob");
  const hostile = `<img src=x onerror="document.title='broken'"> \u202Eeverything backwards & "quoted"`;
  await greet(page, "bob", hostile);
  await expect(texts(page)).toHaveText([hostile]);
  await expect(page).toHaveTitle("Messages · Sotto");
});

test("a wrong password says so, and what to do", async ({ page, server }) => {
  await page.goto(server.url);
  await page.getByLabel("User name").fill("nobody");
  await page.getByLabel("Password", { exact: true }).fill("not the right one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("The name or the password is not right");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeEnabled();
});

test("a worker that does not load is explained, and tried again", async ({ context, page, server }) => {
  const worker = /\/assets\/main-[\w-]+\.js$/;
  await context.route(worker, (route) => route.fulfill({ status: 404 }));
  await page.goto(server.url);
  await expect(page.getByTestId("failure")).toHaveAttribute("data-code", "worker-unavailable");
  await expectNoSeriousFinding(page);
  await context.unroute(worker);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByTestId("entrance")).toBeVisible();
});

for (const [locale, create] of [
  ["en", "Create account"],
  ["ru", "Создать"],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the entrance, ${locale}, ${colorScheme}`, async ({ browser, server }) => {
      const page = await arrive(browser, server, { colorScheme, locale });
      await page.getByRole("radio", { name: create }).check();
      await page.locator("input[type=password]").fill("correct horse battery");
      await picture(page, `entrance-desk-${colorScheme}-${locale}`);
      await expectNoSeriousFinding(page);
      await picture(await wider(page, NARROWEST), `entrance-narrow-${colorScheme}-${locale}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(NARROWEST.width);
    });
  }
}

async function wider(page: Page, size: { width: number; height: number }): Promise<Page> {
  await page.setViewportSize(size);
  return page;
}

/** What any script of the page could read must hold no password and no recovery word. */
async function expectNothingOfSecrets(page: Page): Promise<void> {
  const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]) + document.body.innerHTML);
  expect(kept).not.toContain("likes brown horses");
}
