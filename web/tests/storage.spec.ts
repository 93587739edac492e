// What can happen to what is kept on the device, done to the real thing.
import { expect, expectFailure, expectState, expectVerdict, openings, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { say, talking, texts } from "./harness/people.ts";

/** A page of the origin on which nothing of the app runs, so that nothing holds the store. */
const QUIET = "/manifest.webmanifest";

test("C6: the key is gone, and nothing is overwritten", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  await page.goto(server.url + QUIET);
  await page.evaluate(
    () =>
      new Promise((done, failed) => {
        const request = indexedDB.deleteDatabase("sotto");
        request.onsuccess = done;
        request.onerror = failed;
      }),
  );

  await page.goto(`${server.url}/#check`);
  await expectFailure(page, "store", "key-lost");
  await page.reload();
  await expectFailure(page, "store", "key-lost");
});

test("the store was changed from outside", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  await page.goto(server.url + QUIET);
  const changed = await page.evaluate(scribble);
  expect(changed).toBeGreaterThan(0);

  await page.goto(`${server.url}/#check`);
  await expectFailure(page, "store", "damaged");
});

test("C6: all site data deleted is a fresh start", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  await page.goto(server.url + QUIET);
  const debug = await page.context().newCDPSession(page);
  await debug.send("Storage.clearDataForOrigin", { origin: server.url, storageTypes: "all" });

  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  expect(await openings(page)).toBe(1);
});

// For the key, for the files of the store, for its first tables: the room may end at each.
for (const quotaSize of [1, 5_000, 20_000, 60_000, 300_000, 400_000]) {
  test(`C7: the device has ${quotaSize} bytes left`, async ({ page, server }) => {
    await page.goto(server.url + QUIET);
    const debug = await page.context().newCDPSession(page);
    await debug.send("Storage.overrideQuotaForOrigin", { origin: server.url, quotaSize });
    await page.goto(`${server.url}/#check`);
    await expectFailure(page, "store", "full");
  });
}

test("C7: the room ends while people talk, and nothing that was said is lost", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  const debug = await bob.context().newCDPSession(bob);
  await debug.send("Storage.overrideQuotaForOrigin", { origin: server.url, quotaSize: 1 });
  const notice = bob.getByTestId("store");
  const MANY = 12;
  const told = Array.from({ length: MANY }, (_, at) => `${at + 1}`);
  for (const number of told) {
    await say(alice, `${number}: ${"much to say ".repeat(300)}`);
    await expect(texts(alice).last()).toContainText(`${number}: `);
  }
  await expect(notice).toHaveAttribute("data-state", "full");
  await picture(bob, "store-full");
  await expectNoSeriousFinding(bob);

  // What cannot be kept is not taken out of the field.
  await say(bob, "I hear you");
  await expect(bob.getByLabel("Write a message")).toHaveValue("I hear you");

  await debug.send("Storage.overrideQuotaForOrigin", { origin: server.url });
  await expect(notice).toBeHidden();
  await bob.getByLabel("Write a message").press("Enter");
  await expect(texts(alice).last()).toHaveText("I hear you");
  // Everything came, in its order, and is still there after a reload.
  const heard = ["hello bob", ...told, "I hear you"];
  const shown = async () => (await texts(bob).allInnerTexts()).map((text) => text.split(":")[0]);
  await expect.poll(shown).toEqual(heard);
  await bob.reload();
  await expect.poll(shown).toEqual(heard);
});

test("a browser without private storage", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (!/\/check-[^/]+\.js$/.test(path)) return;
    const refuse =
      "StorageManager.prototype.getDirectory = async () => { throw new DOMException('no', 'SecurityError') };";
    answer.body = Buffer.concat([Buffer.from(refuse), answer.body]);
  };
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "store", "no-opfs");
  await expectState(page, "tab", "ok");
});

test("a connection that is not secure", async ({ playwright, server }) => {
  const { port } = new URL(server.url);
  const { browserOptions } = await import("./harness/browser.js");
  const args = [...(browserOptions.args ?? []), "--host-resolver-rules=MAP sotto.example 127.0.0.1"];
  const browser = await playwright.chromium.launch({ ...browserOptions, args });
  const page = await browser.newPage();
  await page.goto(`http://sotto.example:${port}/#check`);
  await expectFailure(page, "context", "insecure-context");
  await expectState(page, "offline", "waiting");
  await browser.close();
});

/** Overwrites every file that holds the store from its second page on; returns how many there were. */
async function scribble(): Promise<number> {
  const folders = [await navigator.storage.getDirectory()];
  let changed = 0;
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for await (const handle of (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()) {
      if (handle.kind === "directory") {
        folders.push(handle as FileSystemDirectoryHandle);
        continue;
      }
      const file = handle as FileSystemFileHandle;
      const { size } = await file.getFile();
      if (size <= 8192) continue;
      const writable = await file.createWritable({ keepExistingData: true });
      await writable.write({ type: "write", position: 8192, data: new Uint8Array(size - 8192).fill(0x5a) });
      await writable.close();
      changed += 1;
    }
  }
  return changed;
}
