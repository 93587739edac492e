// The chain end to end: server, page, worker, core, encrypted store, and back.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { browserOptions } from "./harness/browser.js";
import { expect, expectState, expectVerdict, openings, step, STEPS, test } from "./harness/fixtures.ts";

const PRIMITIVES = ["x25519", "ed25519", "chacha20-poly1305", "hkdf-sha256"];

test("every step passes on a first visit, and nothing is refused", async ({ page, server }) => {
  const complaints = collectComplaints(page);
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  for (const name of STEPS) await expectState(page, name, "ok");
  for (const name of PRIMITIVES) {
    await expect(page.getByTestId(`primitive-${name}`)).toHaveAttribute("data-state", "ok");
  }
  await expect(page.getByTestId("core-version")).toHaveText(/^\d+\.\d+\.\d+/);
  await expect(page.getByTestId("server")).toHaveAttribute("data-reach", "reachable");
  await expect(step(page, "store")).toContainText("Encrypted, written and read back");
  await expect(page.getByTestId("fallback")).toHaveCount(0);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(complaints).toEqual([]);
});

test("the store remembers across reloads and checks", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  expect(await openings(page)).toBe(1);
  await expect(page.getByTestId("openings")).toContainText("Opened 1 time");

  await page.reload();
  await expectVerdict(page, "ok");
  expect(await openings(page)).toBe(2);
  await expect(page.getByTestId("openings")).toContainText("Opened 2 times");

  await page.getByRole("button", { name: "Check again" }).click();
  await expect(page.getByTestId("openings")).toHaveAttribute("data-count", "3");
  await expectVerdict(page, "ok");
});

test("the store outlives the browser", async ({ server }) => {
  const profile = await mkdtemp(join(tmpdir(), "sotto-profile-"));
  try {
    for (const times of [1, 2]) {
      const context = await chromium.launchPersistentContext(profile, browserOptions);
      const page = await context.newPage();
      await page.goto(`${server.url}/#check`);
      await expectVerdict(page, "ok");
      expect(await openings(page)).toBe(times);
      await context.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
});

test("appearance and language are remembered", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  await page.getByRole("radio", { name: "Dark" }).check();
  await page.getByRole("radio", { name: "Русский" }).check();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Всё в порядке");

  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("lang", "ru");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page.getByTestId("openings")).toContainText("Открыто 2 раза");
});

test("the page asks nobody but its own server", async ({ page, server }) => {
  const strangers: string[] = [];
  page.context().on("request", (request) => {
    if (!request.url().startsWith(server.url)) strangers.push(request.url());
  });
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  expect(strangers).toEqual([]);
});

/** What the browser complains about: errors, and what a policy refused. */
function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return complaints;
}
