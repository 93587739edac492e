// What is broken on the way or by policy ends in a sentence that says what happened and what to do. Never a blank page.
import type { Page } from "@playwright/test";
import type { Answer, Fault } from "./harness/middlebox.ts";
import { expect, expectFailure, expectState, expectVerdict, step, test } from "./harness/fixtures.ts";

const POLICY = "content-security-policy";
const isCore = (path: string) => path.endsWith(".wasm");
/** The page's own script is `index-….js`, the worker's `check-….js`. */
const isWorker = (path: string) => /\/check-[^/]+\.js$/.test(path);

test("a policy that forbids WebAssembly", async ({ page, middlebox }) => {
  middlebox.fault = (answer) => changePolicy(answer, " 'wasm-unsafe-eval'", "");
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "core", "core-blocked");
  await expect(step(page, "core")).toContainText("Content-Security-Policy must allow 'wasm-unsafe-eval'");
  await expectVerdict(page, "failed");
});

test("a policy that forbids every script", async ({ page, middlebox }) => {
  middlebox.fault = (answer) => changePolicy(answer, "script-src 'self' 'wasm-unsafe-eval'", "script-src 'none'");
  await expectFallback(page, middlebox.url);
});

test("a policy that forbids styles as well", async ({ page, middlebox }) => {
  middlebox.fault = (answer) => {
    answer.headers[POLICY] = "default-src 'none'";
  };
  await expectFallback(page, middlebox.url);
});

test("a policy that forbids workers", async ({ page, middlebox }) => {
  middlebox.fault = (answer) => changePolicy(answer, "worker-src 'self'", "worker-src 'none'");
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "worker", "worker-unavailable");
  await expectVerdict(page, "failed");
});

test("scripts switched off", async ({ browser, server }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/#check`);
  await expect(page.locator("noscript p").first()).toBeVisible();
  await context.close();
});

test("the page's script is missing", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (path.endsWith(".js")) answer.status = 404;
  };
  await expectFallback(page, middlebox.url);
});

test("the page's script breaks half-way", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (/\/index-[^/]+\.js$/.test(path)) answer.body = Buffer.from("throw new Error('broken')");
  };
  await expectFallback(page, middlebox.url);
});

const CORE_FAULTS: [name: string, code: string, fault: Fault][] = [
  ["missing", "core-missing", (answer, path) => void (isCore(path) && (answer.status = 404))],
  ["behind a failing server", "core-missing", (answer, path) => void (isCore(path) && (answer.status = 503))],
  [
    "mislabelled",
    "core-wrong-type",
    (answer, path) => void (isCore(path) && (answer.headers["content-type"] = "text/html")),
  ],
  ["empty", "core-damaged", (answer, path) => void (isCore(path) && (answer.body = Buffer.alloc(0)))],
  ["with a flipped bit at the start", "core-damaged", (answer, path) => void (isCore(path) && flip(answer, 0))],
  ["with its second half missing", "core-damaged", (answer, path) => void (isCore(path) && halve(answer))],
  ["replaced by a module that is not ours", "core-damaged", (answer, path) => void (isCore(path) && swap(answer))],
  ["cut off on its way", "core-unreachable", (_, path) => (isCore(path) ? "cut" : undefined)],
];

for (const [name, code, fault] of CORE_FAULTS) {
  test(`the core is ${name}`, async ({ page, middlebox }) => {
    middlebox.fault = fault;
    await page.goto(`${middlebox.url}/#check`);
    await expectFailure(page, "core", code);
    await expectVerdict(page, "failed");
    await expectState(page, "store", "waiting");
  });
}

test("the core comes right on the second try", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (isCore(path)) answer.status = 404;
  };
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "core", "core-missing");

  middlebox.fault = () => {};
  await page.getByRole("button", { name: "Check again" }).click();
  await expectVerdict(page, "ok");
});

test("a damaged copy of the core heals by itself", async ({ page, middlebox }) => {
  let damaged = 0;
  middlebox.fault = (answer, path) => {
    if (isCore(path) && damaged++ === 0) flip(answer, 100);
  };
  await page.goto(`${middlebox.url}/#check`);
  await expectVerdict(page, "ok");
  expect(damaged).toBeGreaterThan(1);
});

test("the worker's script is missing", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (isWorker(path)) answer.status = 404;
  };
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "worker", "worker-unavailable");
});

test("the worker crashes once it has started", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (isWorker(path))
      answer.body = Buffer.concat([Buffer.from("postMessage({type:'started'});throw Error('boom');"), answer.body]);
  };
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "worker", "worker-crashed");
});

test("the app cannot be kept on the device, and works all the same", async ({ page, middlebox }) => {
  // Something on the way adds a byte: the hash of the file is wrong, so the app as a whole is not kept.
  middlebox.fault = (answer, path) => {
    if (path === "/icon.svg") answer.body = Buffer.concat([answer.body, Buffer.from(" ")]);
  };
  await page.goto(`${middlebox.url}/#check`);
  await expectFailure(page, "offline", "offline-failed");
  await expectState(page, "store", "ok");
  await expectVerdict(page, "limited");
  expect(await page.evaluate(() => caches.keys())).toEqual([]);
});

async function expectFallback(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByTestId("fallback")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Sotto has not started" })).toBeVisible();
  await expect(page.getByText("Reload the page.")).toBeVisible();
}

function changePolicy(answer: Answer, from: string, to: string): void {
  const policy = String(answer.headers[POLICY]);
  if (!policy.includes(from)) throw new Error(`the policy has no ${from}`);
  answer.headers[POLICY] = policy.replace(from, to);
}

function flip(answer: Answer, at: number): void {
  answer.body[at] = (answer.body[at] ?? 0) ^ 1;
}

function halve(answer: Answer): void {
  answer.body = answer.body.subarray(0, answer.body.length / 2);
}

/** A valid module, but without anything that the core exports. */
function swap(answer: Answer): void {
  answer.body = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
}
