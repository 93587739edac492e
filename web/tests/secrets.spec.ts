// C10: what a script that got into the page finds of the keys, and of what was said.
import { expect, test } from "./harness/fixtures.ts";
import { newcomer, say } from "./harness/people.ts";

const SAID = "meet me where nobody looks";

test("C10: a hostile script finds no key that it could carry away, and nothing legible on the disk", async ({
  browser,
  server,
}) => {
  const page = await newcomer(browser, server, "alice");
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("menuitem", { name: "Saved messages" }).click();
  await say(page, SAID);
  await expect(page.getByTestId("message")).toHaveAttribute("data-state", "sent");

  const keys = await page.evaluate(stealKeys);
  expect(keys.length).toBeGreaterThan(0);
  expect(keys.filter((outcome) => outcome !== "InvalidAccessError")).toEqual([]);

  const kept = await page.evaluate(() => ({ ...localStorage, ...sessionStorage }));
  expect(JSON.stringify(kept)).not.toContain(SAID);
  for (const value of Object.values(kept)) expect(String(value).length).toBeLessThan(64);

  const { files, found } = await page.evaluate(readDisk, [SAID, "SQLite format 3", "brown horses"]);
  expect(files).toBeGreaterThan(0);
  expect(found).toEqual([]);
});

/** Tries to export every key that lies in a database of the browser; gives what came of each attempt. */
async function stealKeys(): Promise<string[]> {
  const settled = <T>(request: IDBRequest<T>) =>
    new Promise<T>((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  const outcomes: string[] = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await settled(indexedDB.open(name ?? ""));
    for (const store of database.objectStoreNames) {
      const values = await settled(database.transaction(store).objectStore(store).getAll());
      for (const key of values.filter((value) => value instanceof CryptoKey) as CryptoKey[]) {
        const outcome = await crypto.subtle.exportKey("raw", key).then(
          () => "exported",
          (thrown: DOMException) => thrown.name,
        );
        outcomes.push(outcome);
      }
    }
    database.close();
  }
  return outcomes;
}

/** Looks for words in every private file. */
async function readDisk(words: string[]): Promise<{ files: number; found: string[] }> {
  const folders = [await navigator.storage.getDirectory()];
  const found: string[] = [];
  let files = 0;
  for (let folder = folders.pop(); folder; folder = folders.pop()) {
    for await (const handle of (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()) {
      if (handle.kind === "directory") {
        folders.push(handle as FileSystemDirectoryHandle);
        continue;
      }
      const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer();
      const text = new TextDecoder("latin1").decode(bytes);
      files += bytes.byteLength > 0 ? 1 : 0;
      found.push(...words.filter((word) => text.includes(word)).map((word) => `${word} in ${handle.name}`));
    }
  }
  return { files, found };
}
