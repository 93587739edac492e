// The app as people use it: coming in, the words, a first chat, on a desk and on a phone.
import type { BrowserContext, Page } from "@playwright/test";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import type { Server } from "./harness/server.ts";

const DESK = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const NARROWEST = { width: 320, height: 640 };

async function arrive(context: BrowserContext, server: Server): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.url);
  await expect(page.getByTestId("entrance")).toBeVisible();
  return page;
}

async function create(page: Page, name: string): Promise<void> {
  await page.getByRole("radio", { name: "Create account" }).check();
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(`${name} likes brown horses`);
  await page.getByRole("button", { name: "Create account" }).click();
  await keepWords(page);
}

/** Reads the words off the page and gives those back that are asked for. */
async function keepWords(page: Page): Promise<void> {
  const shown = page.getByTestId("words").getByRole("listitem");
  await expect(shown).toHaveCount(24);
  await picture(page, `words-${page.viewportSize()?.width}`);
  const words = (await shown.allInnerTexts()).map((text) => text.replace(/^\d+\s*/, ""));
  await page.getByRole("button", { name: "I have written them down" }).click();
  for (const field of await page.getByLabel(/^Word \d+$/).all()) {
    const label = (await field.evaluate((input) => (input as HTMLInputElement).labels?.[0]?.textContent)) ?? "";
    await field.fill(words[Number(label.replace(/\D/g, "")) - 1] ?? "");
  }
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByTestId("chats")).toBeAttached();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Write a message").fill(text);
  await page.getByLabel("Write a message").press("Enter");
}

function messages(page: Page) {
  return page.getByTestId("message").locator(".text");
}

test("two people create accounts, find each other, and talk", async ({ browser, server }) => {
  const alice = await arrive(await browser.newContext({ viewport: DESK }), server);
  const bob = await arrive(await browser.newContext({ viewport: PHONE, colorScheme: "dark" }), server);
  await create(alice, "alice");
  await create(bob, "bob");
  await expectNothingOfSecrets(alice);

  await alice.getByTestId("new-chat").getByRole("textbox").fill("bob");
  await alice.getByRole("button", { name: "Start" }).click();
  await expect(alice.getByTestId("conversation")).toBeVisible();
  await say(alice, "hello bob\nthis is a second line");

  await bob.getByTestId("chat").filter({ hasText: "alice" }).click();
  await bob.getByRole("button", { name: "Accept" }).click();
  await expect(messages(bob)).toHaveText(["hello bob\nthis is a second line"]);
  await say(bob, "hello yourself");
  await expect(messages(alice)).toHaveText(["hello bob\nthis is a second line", "hello yourself"]);
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
  await expect(messages(alice)).toHaveCount(3);
  await picture(await wider(alice, PHONE), "chat-phone-light");
});

test("M9: markup and script in a message are text", async ({ browser, server }) => {
  const page = await arrive(await browser.newContext(), server);
  await create(page, "alice");
  const bob = await arrive(await browser.newContext(), server);
  await create(bob, "bob");
  await page.getByTestId("new-chat").getByRole("textbox").fill("bob");
  await page.getByRole("button", { name: "Start" }).click();
  const hostile = `<img src=x onerror="document.title='broken'"> \u202Eeverything backwards & "quoted"`;
  await say(page, hostile);
  await expect(messages(page)).toHaveText([hostile]);
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
      const context = await browser.newContext({ viewport: DESK, colorScheme, locale });
      const page = await arrive(context, server);
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
