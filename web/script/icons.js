// Draws the pictures that cannot be SVG: `npm run icons`, after the mark has changed.
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";
import { browserOptions } from "../tests/harness/browser.js";

/** @type {[drawing: string, picture: string, size: number][]} */
const PICTURES = [
  ["public/icon.svg", "icon-180.png", 180],
  ["public/icon.svg", "icon-192.png", 192],
  ["public/icon.svg", "icon-512.png", 512],
  ["script/icon-maskable.svg", "icon-maskable-512.png", 512],
];
const folder = new URL("../", import.meta.url);

const browser = await chromium.launch(browserOptions);
const page = await browser.newPage();
for (const [source, target, size] of PICTURES) {
  const drawing = readFileSync(new URL(source, folder), "utf8");
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(drawing);
  await page.addStyleTag({ content: "body { margin: 0 } svg { display: block; width: 100vw; height: 100vh }" });
  await page.screenshot({ path: new URL(`public/${target}`, folder).pathname, omitBackground: true });
}
await browser.close();
