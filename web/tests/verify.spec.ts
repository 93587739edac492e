// Making sure of each other: two browsers, a browser and a terminal, by code, by camera, by number and by words.
import type { Browser, Page } from "@playwright/test";
import { goTo, greet, join, meet, passwordOf, PHONE, provePassword, say } from "./harness/people.ts";
import { browserOptions } from "./harness/browser.js";
import { filmOf, photographOf, photographOfTerminal, type Image } from "./harness/codes.ts";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import type { Server } from "./harness/server.ts";
import { Terminal } from "./harness/terminal.ts";

async function friends(browser: Browser, server: Server): Promise<{ alice: Page; bob: Page }> {
  const { page: alice } = await join(browser, server, "alice");
  const { page: bob } = await join(browser, server, "bob", { viewport: PHONE, colorScheme: "dark" });
  await meet(alice, bob);
  return { alice, bob };
}

/** From the open chat to the page on which its other side is made sure of. */
async function makeSure(page: Page): Promise<void> {
  await page.getByTestId("verify").click();
  await expect(page.getByTestId("own-code")).toBeVisible();
}

async function scan(page: Page, image: Image): Promise<void> {
  await page.getByTestId("picture").setInputFiles(image);
}

async function expectVerified(page: Page, verified: boolean): Promise<void> {
  await expect(page.getByTestId("verification")).toHaveAttribute("data-verified", String(verified));
}

function outcome(page: Page, kind: string) {
  return page.locator(`[data-testid=outcome][data-kind=${kind}]`);
}

test("two people scan each other's code, and both see it", async ({ browser, server }) => {
  const { alice, bob } = await friends(browser, server);
  await makeSure(alice);
  await makeSure(bob);
  await picture(alice, "verify-desk-light");
  await picture(bob, "verify-phone-dark");
  await expectNoSeriousFinding(alice);
  await expectNoSeriousFinding(bob);

  await scan(bob, await photographOf(alice.getByTestId("own-code")));
  await expectVerified(bob, true);
  await expectVerified(alice, false);
  await scan(alice, await photographOf(bob.getByTestId("own-code")));
  await expectVerified(alice, true);
  await picture(alice, "verified-desk-light");
  await picture(bob, "verified-phone-dark");
  await expectNoSeriousFinding(bob);

  await bob.getByRole("link", { name: "Back to the chat" }).click();
  await expect(bob.getByTestId("conversation").getByTestId("verified-mark")).toBeVisible();
  await picture(bob, "verified-chat-phone-dark");
  await expectNoSeriousFinding(bob);
  await alice.getByRole("link", { name: "Back to the chat" }).click();
  await expect(alice.getByTestId("chat").filter({ hasText: "bob" }).getByTestId("verified-mark")).toBeVisible();
  await picture(alice, "verified-chat-desk-light");
  await bob.getByTestId("verify").click();
  await bob.getByRole("button", { name: "Take that back" }).click();
  await expectVerified(bob, false);
});

test("the camera finds the code", async ({ browser, server, playwright }, info) => {
  const { page: alice } = await join(browser, server, "alice");
  const film = info.outputPath("film.y4m");
  const args = [
    ...(browserOptions.args ?? []),
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-video-capture=${film}`,
  ];
  const withCamera = await playwright.chromium.launch({ ...browserOptions, args });
  const { page: bob } = await join(withCamera, server, "bob", { viewport: PHONE });
  await meet(alice, bob);
  await makeSure(alice);
  await filmOf(alice, await photographOf(alice.getByTestId("own-code")), film);
  await makeSure(bob);
  await bob.getByRole("button", { name: "Scan with the camera" }).click();
  await expectVerified(bob, true);
  await expect(bob.getByTestId("camera")).toBeHidden();
  await withCamera.close();
});

test("without a camera there is another way", async ({ browser, server }) => {
  const { alice } = await friends(browser, server);
  await makeSure(alice);
  await alice.getByRole("button", { name: "Scan with the camera" }).click();
  await expect(alice.getByRole("alert").filter({ hasText: "There is no camera here" })).toBeVisible();
});

test("two people compare the number and the words", async ({ browser, server }) => {
  const { alice, bob } = await friends(browser, server);
  for (const page of [alice, bob]) {
    await makeSure(page);
    await page.getByRole("radio", { name: "Compare" }).check();
  }
  const number = (page: Page) => page.getByTestId("safety-number").getByRole("listitem").allInnerTexts();
  expect(await number(alice)).toHaveLength(12);
  expect(await number(alice)).toEqual(await number(bob));
  await picture(alice, "compare-number-desk-light");
  await picture(bob, "compare-number-phone-dark");
  await expectNoSeriousFinding(bob);
  const words = async (page: Page) => {
    await page.getByRole("radio", { name: "Words" }).check();
    return page.getByTestId("safety-words").getByRole("listitem").allInnerTexts();
  };
  expect(await words(alice)).toHaveLength(18);
  expect(await words(alice)).toEqual(await words(bob));
  await picture(bob, "compare-words-phone-dark");

  await alice.getByRole("button", { name: "It is different" }).click();
  await expect(outcome(alice, "different")).toContainText("somebody may stand between you");
  await expectVerified(alice, false);
  await picture(alice, "different-desk-light");
  await expectNoSeriousFinding(alice);
  await alice.getByRole("button", { name: "It is the same" }).click();
  await expectVerified(alice, true);
  await alice.reload();
  await expectVerified(alice, true);
});

test("codes of another kind, of other people and no codes are told apart", async ({ browser, server }) => {
  const { alice, bob } = await friends(browser, server);
  const { page: carol } = await join(browser, server, "carol");
  await greet(carol, "bob", "Ciao Bob");
  await makeSure(carol);
  const ofOthers = await photographOf(carol.getByTestId("own-code"));

  await goTo(carol, "settings/security");
  await carol.getByRole("button", { name: "Turn on" }).click();
  await provePassword(carol, passwordOf("carol"), "Turn on");
  const ofAnotherKind = await photographOf(carol.getByRole("img", { name: "Scan this with your authenticator" }));

  await makeSure(bob);
  await scan(bob, ofOthers);
  await expect(outcome(bob, "other-people")).toBeVisible();
  await scan(bob, ofAnotherKind);
  await expect(outcome(bob, "other-kind")).toBeVisible();
  await scan(bob, await photographOf(alice.getByRole("heading").first()));
  await expect(bob.getByRole("alert").filter({ hasText: "no code to be read" })).toBeVisible();
  await scan(bob, { name: "code.png", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await expect(bob.getByRole("alert").filter({ hasText: "no code to be read" })).toBeVisible();
  await expectVerified(bob, false);
});

test("a browser and a terminal verify each other", async ({ browser, server }) => {
  const bob = await Terminal.register("bob", server);
  const { page: alice } = await join(browser, server, "alice");
  await greet(alice, "bob", "Ciao Bob");
  await expect(alice.getByTestId("message")).toHaveAttribute("data-state", "sent");
  await bob.run("accept", "@alice");
  type Number = { number: string; words: string[]; verified: boolean };
  const told = await bob.ask<Number>("verify", "@alice");
  await makeSure(alice);
  await alice.getByRole("radio", { name: "Compare" }).check();
  const shown = await alice.getByTestId("safety-number").getByRole("listitem").allInnerTexts();
  expect(shown.join("")).toBe(told.number);
  await alice.getByRole("radio", { name: "Words" }).check();
  expect(await alice.getByTestId("safety-words").getByRole("listitem").allInnerTexts()).toEqual(told.words);

  await alice.getByRole("radio", { name: "Scan" }).check();
  await scan(alice, await photographOfTerminal(alice, await bob.run("verify", "@alice", "--qr")));
  await expectVerified(alice, true);
  expect((await bob.ask<Number>("verify", "@alice", "--confirm")).verified).toBe(true);
  await bob.run("send", "@alice", "It is really you");
  await alice.getByRole("link", { name: "Back to the chat" }).click();
  await expect(alice.getByTestId("message")).toHaveCount(2);
  await bob.leave();
});

test("what was verified on one device is verified on the other", async ({ browser, server }) => {
  const { alice, bob } = await friends(browser, server);
  await makeSure(alice);
  await makeSure(bob);
  await scan(alice, await photographOf(bob.getByTestId("own-code")));
  await expectVerified(alice, true);
  const context = await browser.newContext();
  const laptop = await context.newPage();
  await laptop.goto(server.url);
  await laptop.getByLabel("User name").fill("alice");
  await laptop.getByLabel("Password", { exact: true }).fill(passwordOf("alice"));
  await laptop.getByRole("button", { name: "Sign in", exact: true }).click();
  await laptop.getByTestId("chat").filter({ hasText: "bob" }).click();
  await expect(laptop.getByTestId("verify")).toHaveAccessibleName("Verified");
  await say(laptop, "From the laptop");
  await expect(laptop.getByTestId("message")).toHaveCount(2);
});

test("a group says how many of its people are verified", async ({ browser, server }) => {
  const bob = await Terminal.register("bob", server);
  const { page: alice } = await join(browser, server, "alice");
  await bob.run("dm", "@alice", "Ciao Alice");
  await alice.getByTestId("chat").filter({ hasText: "bob" }).click();
  await alice.getByRole("button", { name: "Accept" }).click();
  await expect(alice.getByLabel("Write a message")).toBeVisible();
  await bob.run("group", "create", "The band", "@alice");
  await alice.getByTestId("chat").filter({ hasText: "The band" }).click();
  await expect(alice.getByTestId("verify")).toHaveAccessibleName("0 of 1 verified");
  await alice.getByTestId("verify").click();
  const people = alice.getByTestId("group-verification");
  await expect(people.getByRole("listitem")).toHaveText(/bob/);
  await picture(alice, "group-verification-desk-light");
  await expectNoSeriousFinding(alice);
  await people.getByRole("link", { name: "bob" }).click();
  await alice.getByRole("radio", { name: "Compare" }).check();
  await alice.getByRole("button", { name: "It is the same" }).click();
  await expectVerified(alice, true);
  await alice.goBack();
  await expect(people.getByTestId("verified-mark")).toBeVisible();
  await people.getByRole("link", { name: "Back to the chat" }).click();
  await expect(alice.getByTestId("verify")).toHaveAccessibleName("1 of 1 verified");
  await bob.leave();
});
