// A server of its own for each test, and the words in which the tests speak about the page.
import { test as base, expect, type Page } from "@playwright/test";
import { Middlebox } from "./middlebox.ts";
import { Server } from "./server.ts";

interface Fixtures {
  tidy: void;
  server: Server;
  middlebox: Middlebox;
}

export const test = base.extend<Fixtures>({
  // Pages that were left open would go on working beside the next test.
  tidy: [
    async ({ browser }, use) => {
      await use();
      for (const context of browser.contexts()) await context.close();
    },
    { auto: true },
  ],
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.kill();
  },
  middlebox: async ({ server }, use) => {
    const middlebox = await Middlebox.before(server.url);
    await use(middlebox);
    await middlebox.close();
  },
});

export { expect };

export type State = "waiting" | "running" | "ok" | "failed";

export const STEPS = ["context", "worker", "core", "primitives", "tab", "store", "offline"];

export function step(page: Page, name: string) {
  return page.getByTestId(`step-${name}`);
}

export async function expectState(page: Page, name: string, state: State, timeout?: number): Promise<void> {
  await expect(step(page, name)).toHaveAttribute("data-state", state, timeout === undefined ? {} : { timeout });
}

export async function expectVerdict(page: Page, verdict: string): Promise<void> {
  await expect(page.getByTestId("verdict")).toHaveAttribute("data-verdict", verdict);
}

/** The step says so, in words, and shows what to do. */
export async function expectFailure(page: Page, name: string, code: string): Promise<void> {
  await expectState(page, name, "failed");
  const note = step(page, name).getByTestId("failure");
  await expect(note).toHaveAttribute("data-code", code);
  await expect(note.getByRole("definition").first()).toBeVisible();
  await expect(note.getByText("What to do")).toBeVisible();
  await expect(page.getByTestId("news")).not.toBeEmpty();
}

export async function openings(page: Page): Promise<number> {
  return Number(await page.getByTestId("openings").getAttribute("data-count"));
}
