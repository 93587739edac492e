// How a page looks: pictures to be looked at, and what axe objects to.
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "@playwright/test";
import { expect } from "./fixtures.ts";

export async function picture(page: Page, name: string): Promise<void> {
  const path = join("test-results", "screens", `${name}.png`);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}

export async function expectNoSeriousFinding(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
}
