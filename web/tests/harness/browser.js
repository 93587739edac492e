// Debian's Chromium; nothing is downloaded for the tests. It is kept from calling home.
import { env, getuid } from "node:process";

/** @type {import("@playwright/test").LaunchOptions} */
export const browserOptions = {
  executablePath: env.SOTTO_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    // Chromium refuses to sandbox what root starts, which is how containers run.
    ...(getuid?.() === 0 ? ["--no-sandbox"] : []),
  ],
};
