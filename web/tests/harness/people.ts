// People at pages of the app: what somebody does with eyes and hands.
import type { Browser, BrowserContextOptions, Page } from "@playwright/test";
import { expect } from "./fixtures.ts";

export const DESK = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };
export const NARROWEST = { width: 320, height: 640 };

export const passwordOf = (name: string) => `${name} likes brown horses`;

/** Where a server is, or what pretends to be one. */
interface Address {
  url: string;
}

/** A browser of its own that stands before the entrance. */
export async function arrive(browser: Browser, server: Address, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESK, ...options });
  const page = await context.newPage();
  await page.goto(server.url);
  await expect(page.getByTestId("entrance")).toBeVisible();
  return page;
}

/** Asks for an account, in any language, up to the words that are to be kept. */
export async function create(page: Page, name: string): Promise<void> {
  const entrance = page.getByTestId("entrance");
  await entrance.getByRole("radio").nth(1).check();
  await entrance.locator("input[autocomplete=username]").fill(name);
  await entrance.locator("input[type=password]").fill(passwordOf(name));
  await entrance.locator("button[type=submit]").click();
  await expect(page.getByTestId("words").getByRole("listitem")).toHaveCount(24);
}

/** Writes the words down, and gives those back that are asked for. */
export async function keepWords(page: Page): Promise<string[]> {
  const shown = page.getByTestId("words").getByRole("listitem");
  await expect(shown).toHaveCount(24);
  const words = (await shown.allInnerTexts()).map((text) => text.replace(/^\d+\s*/, ""));
  await page
    .getByRole("button")
    .filter({ hasText: /written them down|записан/i })
    .click();
  const form = page.locator("main form");
  for (const field of await form.locator("input").all()) {
    const label = (await field.evaluate((input) => (input as HTMLInputElement).labels?.[0]?.textContent)) ?? "";
    await field.fill(words[Number(label.replace(/\D/g, "")) - 1] ?? "");
  }
  await form.locator("button[type=submit]").click();
  return words;
}

/** Somebody new, with an account and the words on paper. */
export async function join(
  browser: Browser,
  server: Address,
  name: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; words: string[] }> {
  const page = await arrive(browser, server, options);
  await create(page, name);
  const words = await keepWords(page);
  await isIn(page);
  return { page, words };
}

export async function newcomer(...args: Parameters<typeof join>): Promise<Page> {
  return (await join(...args)).page;
}

export async function signIn(page: Page, name: string, password = passwordOf(name)): Promise<void> {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function isIn(page: Page): Promise<void> {
  await expect(page.getByTestId("chats")).toBeAttached();
}

export async function goTo(page: Page, address: string): Promise<void> {
  await page.evaluate((hash) => (location.hash = hash), address);
}

/** Answers what is asked for before something that takes the password. */
export async function provePassword(page: Page, password: string, button: string): Promise<void> {
  const form = page.getByTestId("errand");
  await form.getByLabel("Your password").fill(password);
  await form.getByRole("button", { name: button }).click();
}

export async function begin(page: Page, name: string): Promise<void> {
  await page.getByTestId("new-chat").getByRole("textbox").fill(name);
  await page.getByRole("button", { name: "Start a chat" }).click();
  await expect(page.getByTestId("conversation")).toBeVisible();
}

export async function open(page: Page, title: string): Promise<void> {
  // A row may move away under the pointer, when something is said elsewhere.
  await expect(async () => {
    await page.getByTestId("chat").filter({ hasText: title }).first().click({ timeout: 3000 });
    await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible({ timeout: 3000 });
  }).toPass({ timeout: 30_000 });
}

export async function say(page: Page, text: string): Promise<void> {
  const field = page.getByLabel("Write a message");
  await field.fill(text);
  await field.press("Enter");
}

/** Begins a chat with the first thing that is said in it. */
export async function greet(page: Page, name: string, text: string): Promise<void> {
  await begin(page, name);
  await say(page, text);
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

/** Alice begins to talk with Bob, who accepts; both have the chat open. */
export async function meet(alice: Page, bob: Page): Promise<void> {
  await greet(alice, "bob", "hello bob");
  await open(bob, "alice");
  await bob.getByRole("button", { name: "Accept" }).click();
  await expect(texts(bob)).toHaveText(["hello bob"]);
}

/** Two people who have begun to talk and have accepted each other. */
export async function talking(browser: Browser, server: Address, ofBob: BrowserContextOptions = {}) {
  const [alice, bob] = await Promise.all([newcomer(browser, server, "alice"), newcomer(browser, server, "bob", ofBob)]);
  await meet(alice, bob);
  return { alice, bob };
}
