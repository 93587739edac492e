// Files in the app, on the real server: on their way, interrupted, refused, saved.
import { dirname } from "node:path";
import type { Page } from "@playwright/test";
import { bytes, digestOf, saved, sendFiles, withFile, withoutPicker } from "./harness/files.ts";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { begin, newcomer, open, talking, texts } from "./harness/people.ts";
import { Terminal } from "./harness/terminal.ts";

const MIB = 1 << 20;
/** Larger than what a browser copies before it sends. */
const LARGE = 40 * MIB;

const row = (page: Page, name: string) => page.getByTestId("file").filter({ hasText: name });
const transfer = (page: Page) => page.getByTestId("transfer");

test("a file goes from one browser to another, and is saved as it was", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  const plan = { name: "план.pdf", mimeType: "application/pdf", buffer: bytes(3 * MIB + 17) };
  const notes = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("one\ntwo") };
  await sendFiles(alice, [plan, notes], "the **plan**");
  await expect(alice.getByTestId("file")).toHaveCount(2);
  await expect(row(bob, "notes.txt")).toBeVisible();
  await expect(texts(bob).last()).toHaveText("the plan");
  expect((await saved(bob, "план.pdf")).equals(plan.buffer)).toBe(true);
  expect((await saved(bob, "notes.txt")).equals(notes.buffer)).toBe(true);
  await picture(bob, "files-desk-light");
  await expectNoSeriousFinding(bob);
  // What is here does not come a second time.
  await server.cut();
  expect((await saved(bob, "notes.txt")).equals(notes.buffer)).toBe(true);
});

test("files go between browser and terminal", async ({ browser, server }) => {
  const page = await newcomer(browser, server, "alice");
  const bob = await Terminal.register("bob", server);
  await withFile(5 * MIB, async (path) => {
    await begin(page, "bob");
    await sendFiles(page, path, "from the browser");
    await expect(page.getByTestId("message").last()).toHaveAttribute("data-state", "sent");
    await bob.run("accept", "@alice");
    const message = await bob.ask<{ id: string; kind: string }>("history", "@alice");
    expect(message.kind).toBe("files");
    const fetched = await bob.ask<{ path: string }>("download", "@alice", message.id, "--to", dirname(path));
    expect(await digestOf(fetched.path)).toBe(await digestOf(path));
    await bob.run("send", "@alice", "from the terminal", "--file", path);
    await withoutPicker(page);
    await expect(row(page, "film.bin")).toHaveCount(2);
    const coming = page.waitForEvent("download");
    await row(page, "film.bin").last().getByRole("button", { name: "Save film.bin" }).click();
    expect(await digestOf(await (await coming).path())).toBe(await digestOf(path));
  });
  await bob.leave();
});

test("a server that dies under a file, and comes back, gets all of it", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  await withFile(LARGE, async (path) => {
    await sendFiles(alice, path);
    const begun = async () => {
      const bar = transfer(alice).locator("progress");
      // Who is done is no longer there.
      return bar.evaluate((bar) => (bar as HTMLProgressElement).value, undefined, { timeout: 1000 }).catch(() => 1);
    };
    await expect.poll(begun).toBeGreaterThan(0);
    await server.cut();
    await server.revive();
    await expect(row(bob, "film.bin")).toBeVisible({ timeout: 60_000 });
    const coming = bob.waitForEvent("download", { timeout: 60_000 });
    await bob.getByRole("button", { name: "Save film.bin" }).click();
    await server.cut();
    await server.revive();
    expect(await digestOf(await (await coming).path())).toBe(await digestOf(path));
  });
});

test("a small file outlives the page that sends it", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await server.cut();
  await sendFiles(alice, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("one") });
  await expect(transfer(alice)).toBeVisible();
  await alice.reload();
  await expect(row(alice, "notes.txt")).toBeVisible();
  await server.revive();
  await expect(row(bob, "notes.txt")).toBeVisible();
});

test("a large file is chosen again after its page is gone, and only the same one goes on", async ({
  browser,
  server,
}) => {
  const { alice, bob } = await talking(browser, server);
  await withFile(LARGE, async (path) => {
    await server.cut();
    await sendFiles(alice, path);
    await expect(transfer(alice)).toBeVisible();
    await alice.reload();
    await server.revive();
    await expect(alice.getByRole("alert").filter({ hasText: "Choose it again" })).toBeVisible();
    await picture(alice, "files-again-desk-light");
    await expectNoSeriousFinding(alice);
    const chooser = alice.getByTestId("choose-again");
    await chooser.setInputFiles({ name: "film.bin", mimeType: "", buffer: bytes(100) });
    await expect(alice.getByRole("alert").filter({ hasText: "not the file" })).toBeVisible();
    await chooser.setInputFiles(path);
    await expect(row(bob, "film.bin")).toBeVisible({ timeout: 60_000 });
  });
});

test("C2: the tab that reads a file is closed, and another one gets it from the page that has it", async ({
  browser,
  server,
}) => {
  const { alice, bob } = await talking(browser, server);
  const second = await alice.context().newPage();
  await second.goto(alice.url());
  await expect(second.getByTestId("message")).toHaveCount(1);
  await withFile(LARGE, async (path) => {
    await server.cut();
    // The worker of the first tab reads what the second one has chosen.
    await sendFiles(second, path);
    await expect(transfer(second)).toBeVisible();
    await alice.close();
    await server.revive();
    await expect(row(bob, "film.bin")).toBeVisible({ timeout: 60_000 });
  });
});

test("a transfer is halted, goes on, and is given up", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await server.cut();
  await sendFiles(alice, { name: "a.bin", mimeType: "", buffer: bytes(2 * MIB) });
  await sendFiles(alice, { name: "b.bin", mimeType: "", buffer: bytes(2 * MIB) });
  await alice.getByRole("button", { name: "Pause a.bin" }).click();
  await expect(row(alice, "a.bin")).toContainText("Paused");
  await alice.getByRole("button", { name: "Cancel b.bin" }).click();
  await expect(row(alice, "b.bin")).toHaveCount(0);
  await server.revive();
  await alice.getByRole("button", { name: "Go on with a.bin" }).click();
  await expect(row(bob, "a.bin")).toBeVisible();
  await expect(row(bob, "b.bin")).toHaveCount(0);
});

test("S22: what the server altered is not kept, and the person is told", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  await sendFiles(alice, { name: "a.bin", mimeType: "", buffer: bytes(3 * MIB) });
  await expect(row(bob, "a.bin")).toBeVisible();
  await server.cut();
  await server.damageFiles();
  await server.revive();
  await bob.getByRole("button", { name: "Save a.bin" }).click();
  await expect(bob.getByRole("alert").filter({ hasText: "not the file that was sent" })).toBeVisible();
  await expect(bob.locator("[data-why=damaged]")).toBeVisible();
});

test("C7: the room of the browser ends during a download", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  await sendFiles(alice, { name: "a.bin", mimeType: "", buffer: bytes(8 * MIB) });
  await expect(row(bob, "a.bin")).toBeVisible();
  const debug = await bob.context().newCDPSession(bob);
  const { usage } = await debug.send("Storage.getUsageAndQuota", { origin: server.url });
  await debug.send("Storage.overrideQuotaForOrigin", { origin: server.url, quotaSize: usage + 5 * MIB });
  await bob.getByRole("button", { name: "Save a.bin" }).click();
  await expect(bob.locator("[data-why=no-room]")).toBeVisible();
  await expect(transfer(bob)).toContainText("no room left on this device");
  // With room again it goes on, and nothing that was said is lost.
  await debug.send("Storage.overrideQuotaForOrigin", { origin: server.url });
  const coming = bob.waitForEvent("download");
  await bob.getByRole("button", { name: "Try a.bin again" }).click();
  expect((await coming).suggestedFilename()).toBe("a.bin");
  await expect(bob.getByTestId("message")).toHaveCount(2);
});

test("files are dropped onto a chat, and pasted", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  for (const kind of ["drop", "paste"] as const) {
    await alice.evaluate((kind) => {
      const data = new DataTransfer();
      data.items.add(new File(["hello"], `${kind}.txt`, { type: "text/plain" }));
      const target = document.querySelector(kind === "drop" ? "[data-testid=conversation]" : "textarea");
      const init = { bubbles: true, cancelable: true };
      const event =
        kind === "drop"
          ? new DragEvent("drop", { ...init, dataTransfer: data })
          : new ClipboardEvent("paste", { ...init, clipboardData: data });
      target?.dispatchEvent(event);
    }, kind);
    const dialog = alice.getByTestId("send-files");
    await expect(dialog).toContainText(`${kind}.txt`);
    await dialog.getByRole("button", { name: "Send", exact: true }).click();
    await expect(row(bob, `${kind}.txt`)).toBeVisible();
  }
});

test("what was fetched is shown in the settings, and can be removed", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  await sendFiles(alice, { name: "a.bin", mimeType: "", buffer: bytes(MIB) });
  const first = await saved(bob, "a.bin");
  await bob.evaluate(() => (location.hash = "settings/storage"));
  const kept = bob.getByTestId("kept-files");
  await expect(kept).toHaveAttribute("data-count", "1");
  await expectNoSeriousFinding(bob);
  await picture(bob, "files-storage-desk-light");
  await bob.getByRole("button", { name: "Remove them all" }).click();
  await expect(kept).toHaveAttribute("data-count", "0");
  await bob.evaluate(() => (location.hash = ""));
  await open(bob, "alice");
  expect((await saved(bob, "a.bin")).equals(first)).toBe(true);
});

test("S28: what lies in the browser of a file cannot be read there", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  const canary = "a canary that only Alice and Bob know of ";
  await sendFiles(alice, { name: "a.txt", mimeType: "", buffer: Buffer.from(canary.repeat(100)) });
  await saved(bob, "a.txt");
  const texts = await bob.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("sotto-files");
    const texts: string[] = [];
    for await (const handle of (folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }).values())
      texts.push(await (await handle.getFile()).text());
    return texts;
  });
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) expect(text).not.toContain("canary");
});
