import { defineConfig } from "@playwright/test";
import { browserOptions } from "./tests/harness/browser.js";

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results/runs",
  fullyParallel: true,
  workers: 2,
  reporter: "list",
  timeout: 120_000,
  expect: { timeout: 30_000 },
  forbidOnly: process.env["CI"] !== undefined,
  use: { launchOptions: browserOptions, locale: "en-GB", screenshot: "only-on-failure" },
});
