// Going for good: C12, what is left of an account in a browser that has left it.
import type { Page } from "@playwright/test";
import { arrive, goTo, isIn, join, passwordOf, provePassword, signIn } from "./harness/people.ts";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";

/** Everything that a browser keeps for a site. */
async function kept(page: Page): Promise<unknown> {
  return page.evaluate(async () => {
    const files: string[] = [];
    const root = await navigator.storage.getDirectory();
    for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys()) files.push(name);
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    const copies = await caches.keys();
    const workers = (await navigator.serviceWorker.getRegistrations()).length;
    return { files, databases, copies, workers, choices: Object.keys(localStorage) };
  });
}

const NOTHING = { files: [], databases: [], copies: [], workers: 0, choices: [] };

async function logOut(page: Page): Promise<void> {
  await goTo(page, "settings/account");
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page.getByText("Messages that were not sent yet are lost")).toBeVisible();
  await page.getByRole("button", { name: "Log out" }).click();
}

test("C12: logging out leaves nothing behind, and the account is there for whoever comes back", async ({
  browser,
  server,
}) => {
  const { page } = await join(browser, server, "alice");
  await goTo(page, "settings/appearance");
  await page.getByRole("radio", { name: "Dark" }).check();
  expect(await kept(page)).not.toEqual(NOTHING);
  await logOut(page);
  await expect(page.getByTestId("farewell")).toHaveAttribute("data-state", "gone");
  expect(await kept(page)).toEqual(NOTHING);
  await picture(page, "farewell-desk-dark");
  await expectNoSeriousFinding(page);
  await page.getByRole("button", { name: "Sign in again" }).click();
  await signIn(page, "alice");
  await isIn(page);
});

test("C12: logging out in one of two tabs leaves nothing behind in either", async ({ browser, server }) => {
  const { page } = await join(browser, server, "alice");
  const second = await page.context().newPage();
  await second.goto(server.url);
  await isIn(second);
  await logOut(second);
  for (const tab of [page, second]) {
    await expect(tab.getByTestId("farewell")).toHaveAttribute("data-state", "gone");
    expect(await kept(tab)).toEqual(NOTHING);
  }
});

test("C12: logging out does not wait for a server that is away", async ({ browser, server }) => {
  const { page } = await join(browser, server, "alice");
  await server.cut();
  await expect(page.getByTestId("offline")).toBeVisible();
  await logOut(page);
  await expect(page.getByTestId("farewell")).toHaveAttribute("data-state", "gone");
  expect(await kept(page)).toEqual(NOTHING);
});

test("a deleted account is gone, and its name opens nothing", async ({ browser, server }) => {
  const { page } = await join(browser, server, "alice");
  await goTo(page, "settings/account");
  await page.getByRole("button", { name: "Delete account" }).click();
  const form = page.getByTestId("errand");
  await form.getByLabel("User name").fill("bob");
  await form.getByLabel("Your password").fill(passwordOf("alice"));
  await expect(form.getByRole("button", { name: "Delete account" })).toBeDisabled();
  await form.getByLabel("User name").fill("alice");
  await picture(page, "delete-account-desk-light");
  await provePassword(page, passwordOf("alice"), "Delete account");
  await expect(page.getByTestId("farewell")).toHaveAttribute("data-state", "deleted");
  await expect(page.getByRole("heading", { name: "Your account is deleted" })).toBeVisible();
  expect(await kept(page)).toEqual(NOTHING);
  const again = await arrive(browser, server);
  await signIn(again, "alice");
  await expect(again.getByRole("alert")).toContainText("not right");
});
