// What protects an account: password, second factor, words on paper.
import type { Page } from "@playwright/test";
import { arrive, goTo, isIn, join, keepWords, passwordOf, PHONE, provePassword, signIn } from "./harness/people.ts";
import { codeOf } from "./harness/authenticator.ts";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";

test("the password is changed, and the old one opens nothing", async ({ browser, server }) => {
  const { page } = await join(browser, server, "alice");
  await goTo(page, "settings/security");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByLabel("New password").fill("alice1");
  await expect(page.getByTestId("strength")).toHaveAttribute("data-strength", "weak");
  await page.getByLabel("New password").fill("four quite unrelated words");
  await expect(page.getByTestId("strength")).toHaveAttribute("data-strength", "strong");
  await picture(page, "change-password-desk-light");
  await provePassword(page, "not the right one", "Change password");
  await expect(page.getByRole("alert").filter({ hasText: "not right" })).toBeVisible();
  await provePassword(page, passwordOf("alice"), "Change password");
  await expect(page.getByText("Your password is changed.")).toBeVisible();

  const again = await arrive(browser, server);
  await signIn(again, "alice");
  await expect(again.getByRole("alert")).toContainText("not right");
  await signIn(again, "alice", "four quite unrelated words");
  await isIn(again);
});

test("a second factor is turned on, asked for, renewed and turned off", async ({ browser, server }) => {
  const { page } = await join(browser, server, "alice", { permissions: ["clipboard-read", "clipboard-write"] });
  await goTo(page, "settings/security");
  await page.getByRole("button", { name: "Turn on" }).click();
  await provePassword(page, passwordOf("alice"), "Turn on");
  const secret = await page.getByTestId("factor-secret").innerText();
  await picture(page, "second-factor-desk-light");
  await expectNoSeriousFinding(page);
  await page.getByLabel("What does the app show now?").fill(codeOf(secret, 100));
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "This code is not right" })).toBeVisible();
  await page.getByLabel("What does the app show now?").fill(codeOf(secret));
  await page.getByRole("button", { name: "Confirm" }).click();

  const codes = await backupCodes(page);
  await picture(page, "backup-codes-desk-light");
  await page.getByRole("button", { name: "Copy" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(codes.join("\n"));
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("button", { name: "I have them on paper" })).toBeHidden();
  await page.emulateMedia({ media: "screen" });
  await page.getByRole("button", { name: "I have them on paper" }).click();
  await expect(page.getByTestId("codes-left")).toHaveText("10 backup codes left");

  const phone = await arrive(browser, server, { viewport: PHONE, colorScheme: "dark" });
  await signIn(phone, "alice");
  await expect(phone.getByRole("heading", { name: "One more proof" })).toBeVisible();
  await picture(phone, "code-phone-dark");
  await phone.getByLabel("Code").fill("wrong-code");
  await phone.getByRole("button", { name: "Confirm" }).click();
  await expect(phone.getByRole("alert")).toContainText("This code is not right");
  await phone.getByLabel("Code").fill(codes[0] ?? "");
  await phone.getByRole("button", { name: "Confirm" }).click();
  await isIn(phone);
  await page.getByTestId("new-device").getByRole("button", { name: "Yes, it was me" }).click();

  await page.getByRole("button", { name: "New backup codes" }).click();
  await prove(page, "New backup codes", codes[1] ?? "");
  const fresh = await backupCodes(page);
  expect(fresh.filter((code) => codes.includes(code))).toEqual([]);
  await page.getByRole("button", { name: "I have them on paper" }).click();

  await page.getByRole("button", { name: "Turn off" }).click();
  await prove(page, "Turn off", fresh[0] ?? "");
  await expect(page.getByText("The second factor is off.")).toBeVisible();
  await expect(page.getByText("Off", { exact: true })).toBeVisible();
});

async function backupCodes(page: Page): Promise<string[]> {
  const shown = page.getByTestId("backup-codes").getByRole("listitem");
  await expect(shown).toHaveCount(10);
  return shown.allInnerTexts();
}

/** With the password, and then with a code. */
async function prove(page: Page, button: string, code: string): Promise<void> {
  await provePassword(page, passwordOf("alice"), button);
  const form = page.getByTestId("errand");
  await form.getByLabel("Code of the second factor").fill(code);
  await form.getByRole("button", { name: "Confirm" }).click();
}

test("the words on paper bring back who forgot the password, and a wrong word is named", async ({
  browser,
  server,
}) => {
  const { words } = await join(browser, server, "alice");
  const page = await arrive(browser, server, { viewport: PHONE });
  await page.getByRole("button", { name: "Forgot your password?" }).click();
  await page.getByLabel("User name").fill("alice");
  const field = page.getByLabel("Recovery words");
  const verdict = page.getByTestId("words-verdict");
  const open = page.getByRole("button", { name: "Open my account" });

  await field.fill(words.slice(1).join(" "));
  await expect(verdict).toHaveText("That is 23 words; there must be 24.");
  await field.fill(words.with(6, "sottovoce").join(" "));
  await expect(verdict).toHaveText("Word 7, “sottovoce”, is not one of those used. Look at your paper.");
  await expect(open).toBeDisabled();
  await picture(page, "recover-phone-light");
  await expectNoSeriousFinding(page);
  // One order in 256 fits by chance, and a word may stand beside itself.
  let place = 0;
  await expect(async () => {
    place += 1;
    const [one = "", other = ""] = words.slice(place - 1);
    await field.fill(
      words
        .with(place - 1, other)
        .with(place, one)
        .join(" "),
    );
    await expect(verdict).toContainText("not together", { timeout: 3_000 });
  }).toPass();
  // As a password manager or another program may have them.
  await field.fill(words.map((word, place) => `${place + 1}. ${word.toUpperCase()}`).join("\n"));
  await expect(verdict).toHaveText("These words fit together.");
  await page.getByLabel("New password").fill("four quite unrelated words");
  await open.click();
  await isIn(page);

  const again = await arrive(browser, server);
  await signIn(again, "alice", "four quite unrelated words");
  await isIn(again);
});

test("words of another account open nothing", async ({ browser, server }) => {
  const { words } = await join(browser, server, "mallory");
  await join(browser, server, "alice");
  const page = await arrive(browser, server);
  await page.getByRole("button", { name: "Forgot your password?" }).click();
  await page.getByLabel("User name").fill("alice");
  await page.getByLabel("Recovery words").fill(words.join(" "));
  await page.getByLabel("New password").fill("four quite unrelated words");
  await page.getByRole("button", { name: "Open my account" }).click();
  await expect(page.getByRole("alert")).toContainText("not those of this account");
});

test("new recovery words are shown, asked back, and make the old ones void", async ({ browser, server }) => {
  const { page, words: old } = await join(browser, server, "alice");
  await goTo(page, "settings/security");
  await page.getByRole("button", { name: "New recovery words" }).click();
  await provePassword(page, passwordOf("alice"), "New recovery words");
  const fresh = await keepWords(page);
  expect(fresh).not.toEqual(old);

  const lost = await arrive(browser, server);
  await lost.getByRole("button", { name: "Forgot your password?" }).click();
  await lost.getByLabel("User name").fill("alice");
  await lost.getByLabel("New password").fill("four quite unrelated words");
  await lost.getByLabel("Recovery words").fill(old.join(" "));
  await lost.getByRole("button", { name: "Open my account" }).click();
  await expect(lost.getByRole("alert")).toContainText("not those of this account");
  await lost.getByLabel("Recovery words").fill(fresh.join(" "));
  await lost.getByRole("button", { name: "Open my account" }).click();
  await isIn(lost);
});
