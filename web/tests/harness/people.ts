// People at pages of the app: what somebody does with eyes and hands.
import type { Browser, BrowserContextOptions, Page } from "@playwright/test";
import { expect } from "./fixtures.ts";
import type { Server } from "./server.ts";

export const DESK = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

/** A page of the app with somebody new signed in. The recovery words are kept without being asked back. */
export async function newcomer(
  browser: Browser,
  server: Server,
  name: string,
  options: BrowserContextOptions = { viewport: DESK },
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(server.url);
  const entrance = page.getByTestId("entrance");
  await entrance.getByRole("radio").nth(1).check();
  await entrance.locator("input[autocomplete=username]").fill(name);
  await entrance.locator("input[type=password]").fill(`${name} likes brown horses`);
  await entrance.locator("button[type=submit]").click();
  const words = page.getByTestId("words").getByRole("listitem");
  await expect(words).toHaveCount(24);
  const shown = (await words.allInnerTexts()).map((text) => text.replace(/^\d+\s*/, ""));
  await page
    .getByRole("button")
    .filter({ hasText: /written them down|записан/i })
    .click();
  for (const field of await page.locator("form input").all()) {
    const label = (await field.evaluate((input) => (input as HTMLInputElement).labels?.[0]?.textContent)) ?? "";
    await field.fill(shown[Number(label.replace(/\D/g, "")) - 1] ?? "");
  }
  await page.locator("button[type=submit]").click();
  await expect(page.getByTestId("chats")).toBeAttached();
  return page;
}

export async function begin(page: Page, name: string): Promise<void> {
  await page.getByTestId("new-chat").getByRole("textbox").fill(name);
  await page.getByRole("button", { name: "Start a chat" }).click();
  await expect(page.getByTestId("conversation")).toBeVisible();
}

export async function open(page: Page, title: string): Promise<void> {
  await page.getByTestId("chat").filter({ hasText: title }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
}

export async function say(page: Page, text: string): Promise<void> {
  const field = page.getByLabel("Write a message");
  await field.fill(text);
  await field.press("Enter");
}

export function message(page: Page, text: string) {
  return page.getByTestId("message").filter({ hasText: text });
}

export function texts(page: Page) {
  return page.getByTestId("message").locator(".text");
}

/** Opens the menu of something and chooses. */
export async function choose(page: Page, of: ReturnType<Page["locator"]>, entry: string): Promise<void> {
  const wanted = page.getByTestId("menu").getByRole("menuitem", { name: entry, exact: true });
  // What is still on its way cannot be acted on yet.
  await expect(async () => {
    if (await page.getByTestId("menu").isVisible()) await page.keyboard.press("Escape");
    await of.click({ button: "right" });
    await wanted.click({ timeout: 1000 });
  }).toPass({ timeout: 20_000 });
}

/** Two people who have begun to talk and have accepted each other. */
export async function talking(browser: Browser, server: Server, of: BrowserContextOptions = { viewport: DESK }) {
  const [alice, bob] = await Promise.all([newcomer(browser, server, "alice"), newcomer(browser, server, "bob", of)]);
  await begin(alice, "bob");
  await say(alice, "hello bob");
  await open(bob, "alice");
  await bob.getByRole("button", { name: "Accept" }).click();
  await expect(texts(bob)).toHaveText(["hello bob"]);
  return { alice, bob };
}
