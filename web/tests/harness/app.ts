// People who use the app: what they do on its pages, in the words of the page.
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

/** Somebody new, with an account and the words on paper. */
export async function join(
  browser: Browser,
  server: Address,
  name: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; words: string[] }> {
  const page = await arrive(browser, server, options);
  await page.getByRole("radio", { name: "Create account" }).check();
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(passwordOf(name));
  await page.getByRole("button", { name: "Create account" }).click();
  const words = await keepWords(page);
  return { page, words };
}

/** Writes the words down, and gives those back that are asked for. */
export async function keepWords(page: Page): Promise<string[]> {
  const shown = page.getByTestId("words").getByRole("listitem");
  await expect(shown).toHaveCount(24);
  const words = (await shown.allInnerTexts()).map((text) => text.replace(/^\d+\s*/, ""));
  await page.getByRole("button", { name: "I have written them down" }).click();
  for (const field of await page.getByLabel(/^Word \d+$/).all()) {
    const label = (await field.evaluate((input) => (input as HTMLInputElement).labels?.[0]?.textContent)) ?? "";
    await field.fill(words[Number(label.replace(/\D/g, "")) - 1] ?? "");
  }
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByTestId("words")).toBeHidden();
  return words;
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

export async function greet(page: Page, name: string, text: string): Promise<void> {
  await page.getByTestId("new-chat").getByRole("textbox").fill(name);
  await page.getByRole("button", { name: "Start" }).click();
  await expect(page.getByTestId("conversation")).toBeVisible();
  await say(page, text);
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Write a message").fill(text);
  await page.getByLabel("Write a message").press("Enter");
}

/** Two people who have begun to talk; both have the chat open. */
export async function meet(alice: Page, bob: Page): Promise<void> {
  await greet(alice, "bob", "Ciao Bob");
  await bob.getByTestId("chat").filter({ hasText: "alice" }).click();
  await bob.getByRole("button", { name: "Accept" }).click();
  await expect(bob.getByTestId("message")).toHaveCount(1);
}
