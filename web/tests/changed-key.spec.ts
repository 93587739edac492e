// S2: somebody swaps the identity key of a contact, and nothing is said to them before the person decides.
import type { Page } from "@playwright/test";
import { greet, join, PHONE, say } from "./harness/people.ts";
import { photographOfTerminal } from "./harness/codes.ts";
import { expect, test } from "./harness/fixtures.ts";
import { Liar } from "./harness/liar.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import type { Server } from "./harness/server.ts";
import { Terminal } from "./harness/terminal.ts";

const ACCOUNT_BYTES = 16;
const KEY_BYTES = 32;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Alice has verified Bob; from now on the server seems to say that Bob's key is Mallory's. */
async function deceived(alice: Page, bob: Terminal, mallory: Terminal, liar: Liar): Promise<void> {
  await alice.getByTestId("verify").click();
  await alice.getByRole("radio", { name: "Compare" }).check();
  await alice.getByRole("button", { name: "It is the same" }).click();
  await expect(alice.getByTestId("verification")).toHaveAttribute("data-verified", "true");
  await alice.getByRole("link", { name: "Back to the chat" }).click();
  liar.tell(await keyOf(mallory, "alice"), await keyOf(bob, "alice"));
  // Whoever is looked up once more is told of once more.
  await alice.getByTestId("new-chat").getByRole("textbox").fill("bob");
  await alice.getByRole("button", { name: "Start" }).click();
  await expect(alice.getByTestId("key-changed")).toBeVisible();
}

/** The identity key of whoever shows this code (docs/PROTOCOL.md, 10). */
async function keyOf(shower: Terminal, to: string): Promise<Buffer> {
  const { qr } = await shower.ask<{ qr: string }>("verify", `@${to}`);
  const letters = [...(qr.split(":").at(-1) ?? "")];
  const bits = letters.map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  return bytes.subarray(ACCOUNT_BYTES, ACCOUNT_BYTES + KEY_BYTES);
}

async function cast(server: Server): Promise<{ bob: Terminal; mallory: Terminal; liar: Liar }> {
  const [bob, mallory] = [await Terminal.register("bob", server), await Terminal.register("mallory", server)];
  return { bob, mallory, liar: await Liar.before(server.url) };
}

test("S2: a swapped key stops what is said to a verified contact, and keeping the old one goes on", async ({
  browser,
  server,
}) => {
  const { bob, mallory, liar } = await cast(server);
  const { page: alice } = await join(browser, liar, "alice");
  await mallory.run("dm", "@alice", "Ciao Alice");
  await greet(alice, "bob", "Ciao Bob");
  await expect(alice.getByTestId("message")).toHaveAttribute("data-state", "sent");
  await bob.run("accept", "@alice");
  await deceived(alice, bob, mallory, liar);
  await say(alice, "For Bob only");
  await expect(alice.getByTestId("message").last()).toHaveAttribute("data-state", "queued");
  await picture(alice, "key-changed-desk-light");
  await expectNoSeriousFinding(alice);

  await alice.getByTestId("key-changed").getByRole("link").click();
  await expect(alice.getByTestId("verification")).toHaveAttribute("data-verified", "false");
  await picture(alice, "key-changed-page-desk-light");
  await alice.setViewportSize(PHONE);
  await alice.emulateMedia({ colorScheme: "dark" });
  await picture(alice, "key-changed-page-phone-dark");
  await expectNoSeriousFinding(alice);
  // What Bob himself shows is not what the server says.
  const shown = await photographOfTerminal(alice, await bob.run("verify", "@alice", "--qr"));
  await alice.getByTestId("picture").setInputFiles(shown);
  await expect(alice.locator("[data-kind=their-key-differs]")).toContainText("Somebody may stand between you");
  await picture(alice, "their-key-differs-phone-dark");
  expect(await bob.run("history", "@alice")).not.toContain("For Bob only");

  await alice.getByTestId("decision").getByRole("button", { name: "Keep the old key" }).click();
  await expect(alice.getByTestId("verification")).toHaveAttribute("data-verified", "true");
  await alice.getByRole("link", { name: "Back to the chat" }).click();
  await expect(alice.getByTestId("message").last()).toHaveAttribute("data-state", "sent");
  expect(await bob.run("history", "@alice")).toContain("For Bob only");
  for (const terminal of [bob, mallory]) await terminal.leave();
  liar.close();
});
