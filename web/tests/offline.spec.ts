// The app opens without its server, from what the service worker keeps.
import { expect, expectVerdict, openings, test } from "./harness/fixtures.ts";
import { Server } from "./harness/server.ts";

test("after one visit, the page works with the server killed", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  await server.kill();

  await page.reload();
  await expectVerdict(page, "ok");
  expect(await openings(page)).toBe(2);
  await expect(page.getByTestId("server")).toHaveAttribute("data-reach", "unreachable");
});

test("what is kept still carries its policy", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  const online = await page.reload();
  await server.kill();
  const offline = await page.reload();

  expect(offline?.fromServiceWorker()).toBe(true);
  for (const name of [
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "x-content-type-options",
    "referrer-policy",
  ]) {
    const value = await online?.headerValue(name);
    expect(value, name).toBeTruthy();
    expect(await offline?.headerValue(name), name).toBe(value);
  }
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test("the server is found again when it is back", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  await server.kill();
  await page.reload();
  await expect(page.getByTestId("server")).toHaveAttribute("data-reach", "unreachable");

  const back = await Server.start(new URL(server.url).host);
  await expect(page.getByTestId("server")).toHaveAttribute("data-reach", "reachable");
  await back.kill();
});

test("a proxy that has lost its server does not stand in the way", async ({ page, server, middlebox }) => {
  await page.goto(`${middlebox.url}/#check`);
  await expectVerdict(page, "ok");
  await server.kill();
  // From now on every answer is a 502 of the proxy.
  await page.reload();
  await expectVerdict(page, "ok");
  expect(await openings(page)).toBe(2);
});

test("calls, the health check and stray files are never kept", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  const kept = await page.evaluate(async () => {
    await Promise.allSettled(["/healthz", "/sotto.v1.AuthService/Login", "/ws"].map((path) => fetch(path)));
    const caught = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return caught.flat().map((request) => new URL(request.url).pathname);
  });
  expect(kept).toContain("/");
  expect(kept.filter((path) => path !== "/" && !/^\/(assets\/|icon|manifest\.)/.test(path))).toEqual([]);
});
