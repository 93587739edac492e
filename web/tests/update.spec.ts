// A new version takes over cleanly: whole, at the next load, and never mixed with the one before.
import type { Page } from "@playwright/test";
import { expect, expectVerdict, test } from "./harness/fixtures.ts";
import { serveVersion } from "./harness/next-version.ts";

test("the next load is the new version, and so is the one without a server", async ({ page, server, middlebox }) => {
  await serveVersion(middlebox, 1);
  await page.goto(`${middlebox.url}/#check`);
  await expectVerdict(page, "ok");
  expect(await versionOf(page)).toBe("1");

  await serveVersion(middlebox, 2);
  await page.reload();
  expect(await versionOf(page)).toBe("2");
  await expectVerdict(page, "ok");
  await expect.poll(() => buildsKept(page)).toEqual(["v1", "v2"]);
  await expect.poll(() => updateUnderWay(page)).toBe(false);
  await expect(page.getByTestId("update")).toHaveCount(0);

  await server.kill();
  await page.reload();
  expect(await versionOf(page)).toBe("2");
  await expectVerdict(page, "ok");
});

test("a page that is open is told, and reloads into the new version", async ({ page, server, middlebox }) => {
  await serveVersion(middlebox, 1);
  await page.goto(`${middlebox.url}/#check`);
  await expectVerdict(page, "ok");

  await serveVersion(middlebox, 2);
  await lookForUpdate(page);
  await expect(page.getByTestId("update")).toBeVisible();
  expect(await versionOf(page)).toBe("1");

  await server.kill();
  await page.getByRole("button", { name: "Reload" }).click();
  await expect.poll(() => versionOf(page)).toBe("2");
  await expectVerdict(page, "ok");
  await expect(page.getByTestId("update")).toHaveCount(0);
});

test("two builds are kept and no more", async ({ page, middlebox }) => {
  for (const version of [1, 2, 3]) {
    await serveVersion(middlebox, version);
    await page.goto("about:blank");
    await page.goto(`${middlebox.url}/#check`);
    await expectVerdict(page, "ok");
    await expect.poll(async () => (await buildsKept(page)).at(-1)).toBe(`v${version}`);
  }
  await expect.poll(() => buildsKept(page)).toEqual(["v2", "v3"]);
});

test("a version that arrives damaged is not kept, and the one before stays", async ({ page, server, middlebox }) => {
  await serveVersion(middlebox, 1);
  await page.goto(`${middlebox.url}/#check`);
  await expectVerdict(page, "ok");

  await serveVersion(middlebox, 2);
  const later = middlebox.fault;
  middlebox.fault = (answer, path) => {
    if (path === "/icon.svg") answer.body = Buffer.from("<svg/>");
    return later(answer, path);
  };
  await lookForUpdate(page);
  await expect.poll(() => buildsKept(page)).toEqual(["v1"]);

  await server.kill();
  await page.reload();
  expect(await versionOf(page)).toBe("1");
  await expectVerdict(page, "ok");
});

function versionOf(page: Page): Promise<string | null> {
  return page.locator("meta[name=version]").getAttribute("content");
}

async function buildsKept(page: Page): Promise<string[]> {
  const names = await page.evaluate(() => caches.keys());
  return names.map((name) => /^sotto-shell-(v\d+)-/.exec(name)?.[1] ?? name);
}

/** A build is kept before it is in charge: until then the one before answers. */
function updateUnderWay(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const { installing, waiting, active } = await navigator.serviceWorker.ready;
    return installing !== null || waiting !== null || active?.state !== "activated";
  });
}

/** What the browser does by itself at navigations and once a day. */
async function lookForUpdate(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const found = new Promise<void>((done) => {
      registration.addEventListener("updatefound", () => {
        const fresh = registration.installing;
        fresh?.addEventListener("statechange", () => {
          if (fresh.state === "activated" || fresh.state === "redundant") done();
        });
      });
    });
    await registration.update();
    await found;
  });
}
