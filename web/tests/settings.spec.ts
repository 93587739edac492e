// The settings: who one is, which devices there are, what is kept where.
import type { Page } from "@playwright/test";
import {
  arrive,
  DESK,
  goTo,
  greet,
  isIn,
  join,
  meet,
  NARROWEST,
  passwordOf,
  PHONE,
  provePassword,
  say,
  signIn,
} from "./harness/people.ts";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";

const SECTIONS = ["account", "appearance", "devices", "security", "storage", "about"];

test("each section has a place, in both lights, both languages and every size", async ({ browser, server }) => {
  const { page } = await join(browser, server, "alice");
  await page.getByRole("link", { name: "Settings" }).click();
  for (const section of SECTIONS) {
    await page.setViewportSize(DESK);
    await goTo(page, `settings/${section}`);
    await expect(page.getByTestId("settings").getByRole("main").getByRole("heading").first()).toBeVisible();
    if (section === "devices") await expect(page.getByTestId("device")).toHaveCount(1);
    if (section === "security") await expect(page.getByText("Off", { exact: true })).toBeVisible();
    await picture(page, `settings-${section}-desk-light`);
    await expectNoSeriousFinding(page);
    await page.setViewportSize(PHONE);
    await page.emulateMedia({ colorScheme: "dark" });
    await picture(page, `settings-${section}-phone-dark`);
    await expectNoSeriousFinding(page);
    await expectNothingSticksOut(page);
    await page.emulateMedia({ colorScheme: "light" });
  }
  await goTo(page, "settings");
  await picture(page, "settings-phone-light");
  await goTo(page, "settings/appearance");
  await page.getByRole("radio", { name: "Русский" }).check();
  for (const section of SECTIONS) {
    await goTo(page, `settings/${section}`);
    await picture(page, `settings-${section}-phone-ru`);
    await expectNothingSticksOut(page);
  }
});

async function expectNothingSticksOut(page: Page): Promise<void> {
  const size = page.viewportSize();
  await page.setViewportSize(NARROWEST);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(NARROWEST.width);
  if (size) await page.setViewportSize(size);
}

test("a display name is kept, and told with the next message", async ({ browser, server }) => {
  const { page: alice } = await join(browser, server, "alice");
  const { page: bob } = await join(browser, server, "bob");
  await meet(alice, bob);
  await goTo(alice, "settings/account");
  await alice.getByLabel("Display name").fill("Alice \u202e Liddell");
  await alice.getByRole("button", { name: "Save" }).click();
  await expect(alice.getByText("cannot be used")).toBeVisible();
  await alice.getByLabel("Display name").fill("Alice Liddell");
  await alice.getByRole("button", { name: "Save" }).click();
  await expect(alice.getByText("Saved")).toBeVisible();
  await alice.reload();
  await expect(alice.getByLabel("Display name")).toHaveValue("Alice Liddell");
  await alice.getByRole("link", { name: "Back to the chats" }).click();
  await alice.getByTestId("chat").filter({ hasText: "bob" }).click();
  await say(alice, "It is me");
  await expect(bob.getByRole("heading", { name: "Alice Liddell" })).toBeVisible();
});

test("a new device is announced, named and revoked", async ({ browser, server }) => {
  const { page: desk } = await join(browser, server, "alice");
  const phone = await arrive(browser, server, { viewport: PHONE });
  await signIn(phone, "alice");
  await isIn(phone);
  const notice = desk.getByTestId("new-device");
  await expect(notice).toContainText("Chrome, Linux");
  await expect(phone.getByTestId("new-device")).toBeHidden();
  await picture(desk, "new-device-desk-light");
  await expectNoSeriousFinding(desk);
  await desk.reload();
  await expect(notice).toBeVisible();
  await notice.getByRole("button", { name: "Yes, it was me" }).click();
  await expect(notice).toBeHidden();
  await desk.reload();
  await isIn(desk);
  await expect(notice).toBeHidden();

  await goTo(desk, "settings/devices");
  const other = desk.getByTestId("device").nth(1);
  await other.getByRole("button", { name: "Rename" }).click();
  await other.getByLabel("Name of the device").fill("Old phone");
  await other.getByRole("button", { name: "Save" }).click();
  await expect(other.getByRole("heading")).toHaveText("Old phone");
  await other.getByRole("button", { name: "Revoke" }).click();
  await expect(other).toContainText("Revoke Old phone?");
  await provePassword(desk, "not the right one", "Revoke");
  await expect(desk.getByRole("alert").filter({ hasText: "not right" })).toBeVisible();
  await provePassword(desk, passwordOf("alice"), "Revoke");
  await expect(desk.getByTestId("device")).toHaveCount(1);
  await expect(phone.getByTestId("entrance")).toBeVisible();
});

test("whoever came with a stolen password is thrown out, and the password is worth nothing", async ({
  browser,
  server,
}) => {
  const { page: alice } = await join(browser, server, "alice", { viewport: PHONE, colorScheme: "dark" });
  const mallory = await arrive(browser, server);
  await signIn(mallory, "alice");
  await isIn(mallory);
  const notice = alice.getByTestId("new-device");
  await notice.getByRole("button", { name: "This was not me" }).click();
  await picture(alice, "thrown-out-phone-dark");
  await expectNoSeriousFinding(alice);
  await provePassword(alice, passwordOf("alice"), "Revoke the device");
  await expect(notice).toContainText("Step 2 of 2");
  await expect(mallory.getByTestId("entrance")).toBeVisible();
  await notice.getByLabel("New password").fill("four quite unrelated words");
  await picture(alice, "new-password-phone-dark");
  await provePassword(alice, passwordOf("alice"), "Change password");
  await expect(notice).toContainText("You are safe again");
  await notice.getByRole("button", { name: "Done" }).click();
  await expect(notice).toBeHidden();

  const again = await arrive(browser, server);
  await signIn(again, "alice");
  await expect(again.getByRole("alert")).toContainText("not right");
  await signIn(again, "alice", "four quite unrelated words");
  await isIn(again);
});

test("who was blocked is listed, and let in again", async ({ browser, server }) => {
  const { page: alice } = await join(browser, server, "alice");
  const { page: bob } = await join(browser, server, "bob");
  await greet(alice, "bob", "Ciao Bob");
  await bob.getByTestId("chat").filter({ hasText: "alice" }).click();
  await bob.getByRole("button", { name: "Decline and block" }).click();
  await goTo(bob, "settings/security");
  const blocked = bob.getByTestId("blocked").getByRole("listitem");
  await expect(blocked).toHaveText(/alice/);
  await picture(bob, "blocked-desk-light");
  await blocked.getByRole("button", { name: "Unblock" }).click();
  await expect(bob.getByText("You have blocked nobody.")).toBeVisible();
});

test("the history is saved to a file, and taken over by another device only of the same account", async ({
  browser,
  server,
}) => {
  const { page: alice } = await join(browser, server, "alice");
  const { page: bob } = await join(browser, server, "bob");
  await meet(alice, bob);
  await goTo(alice, "settings/storage");
  await expect(alice.getByTestId("used")).toContainText("used");
  const saving = alice.waitForEvent("download");
  await alice.getByRole("button", { name: "Save to a file" }).click();
  const download = await saving;
  expect(download.suggestedFilename()).toMatch(/^sotto-alice-[\d-]+\.jsonl$/);
  const path = await download.path();

  const load = async (page: Page, file: string | { name: string; mimeType: string; buffer: Buffer }) => {
    await goTo(page, "settings/storage");
    await page.getByTestId("history-file").setInputFiles(file);
  };
  await load(alice, path);
  await expect(alice.getByRole("status").filter({ hasText: "what was missing is here now" })).toBeVisible();
  await load(bob, path);
  await expect(bob.getByRole("alert").filter({ hasText: "the history of another account" })).toBeVisible();
  const nonsense = { name: "a.jsonl", mimeType: "application/jsonl", buffer: Buffer.from("{}\n") };
  await load(alice, nonsense);
  await expect(alice.getByRole("alert").filter({ hasText: "not a history file" })).toBeVisible();
});
