// What people see, in every light, both languages and both sizes, as pictures to look at; and nothing that axe objects to.
import { expect, expectFailure, expectState, expectVerdict, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { serveVersion } from "./harness/next-version.ts";

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 860 } };
const NARROWEST = { width: 320, height: 640 };

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const locale of ["en", "ru"]) {
      test(`${size}, ${colorScheme}, ${locale}`, async ({ browser, server }) => {
        const context = await browser.newContext({ viewport, colorScheme, locale });
        const page = await context.newPage();
        await page.goto(`${server.url}/#check`);
        await expectVerdict(page, "ok");
        await expect(page.locator("html")).toHaveAttribute("lang", locale);
        await picture(page, `check-${size}-${colorScheme}-${locale}`);
        await expectNoSeriousFinding(page);
        await context.close();
      });
    }
  }
}

for (const locale of ["en", "ru"]) {
  test(`nothing sticks out at 320 pixels, ${locale}`, async ({ browser, server }) => {
    const context = await browser.newContext({ viewport: NARROWEST, locale });
    const page = await context.newPage();
    await page.goto(`${server.url}/#check`);
    await expectVerdict(page, "ok");
    await picture(page, `check-narrow-${locale}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(NARROWEST.width);
    await context.close();
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`a failure, ${colorScheme}`, async ({ browser, middlebox }) => {
    middlebox.fault = (answer, path) => {
      if (path.endsWith(".wasm")) answer.status = 404;
    };
    const context = await browser.newContext({ viewport: SIZES.phone, colorScheme });
    const page = await context.newPage();
    await page.goto(`${middlebox.url}/#check`);
    await expectFailure(page, "core", "core-missing");
    await expectVerdict(page, "failed");
    await picture(page, `failure-phone-${colorScheme}`);
    await expectNoSeriousFinding(page);
    await page.setViewportSize(SIZES.desktop);
    await picture(page, `failure-desktop-${colorScheme}`);
    await context.close();
  });
}

test("under way", async ({ page, middlebox }) => {
  // The core never comes, neither to the worker nor to the service worker, so the check stays where it is.
  middlebox.silent = (path) => path.endsWith(".wasm");
  await page.setViewportSize(SIZES.desktop);
  await page.goto(`${middlebox.url}/#check`);
  await expectState(page, "core", "running");
  await picture(page, "running-desktop-light-en");
  await expectNoSeriousFinding(page);
});

test("a new version", async ({ page, middlebox }) => {
  await serveVersion(middlebox, 1);
  await page.setViewportSize(SIZES.phone);
  await page.goto(`${middlebox.url}/#check`);
  await expectVerdict(page, "ok");
  await serveVersion(middlebox, 2);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await expect(page.getByTestId("update")).toBeVisible();
  await picture(page, "update-phone-light-en");
  await expectNoSeriousFinding(page);
});

test("a second tab", async ({ context, server }) => {
  const first = await context.newPage();
  await first.goto(`${server.url}/#check`);
  await expectVerdict(first, "ok");
  const second = await context.newPage();
  await second.setViewportSize(SIZES.desktop);
  await second.goto(`${server.url}/#check`);
  await expectVerdict(second, "held");
  await picture(second, "held-desktop-light-en");
  await expectNoSeriousFinding(second);
});

test("the page that never started", async ({ page, middlebox }) => {
  middlebox.fault = (answer, path) => {
    if (path.endsWith(".js")) answer.status = 404;
  };
  await page.setViewportSize(SIZES.phone);
  await page.goto(`${middlebox.url}/#check`);
  await expect(page.getByTestId("fallback")).toBeVisible();
  await picture(page, "fallback-phone-light");
  await expectNoSeriousFinding(page);
});
