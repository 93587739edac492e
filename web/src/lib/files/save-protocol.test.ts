import { expect, it } from "vitest";
import { isSave, saveHeaders } from "./save-protocol.ts";

it("M12: whatever a file is, the browser is told to save it and not to show it", () => {
  const headers = saveHeaders('page.html"\r\nx: y', 5);
  expect(headers["content-type"]).toBe("application/octet-stream");
  expect(headers["content-disposition"]).toMatch(/^attachment; filename\*=UTF-8''[\w.%-]+$/);
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["content-security-policy"]).toContain("sandbox");
});

it("has a name for a file without one, and keeps the letters of every script", () => {
  expect(saveHeaders("", 0)["content-disposition"]).toContain("''file");
  expect(decodeURIComponent(saveHeaders("Отпуск (1).webp", 0)["content-disposition"] ?? "")).toContain(
    "Отпуск (1).webp",
  );
});

it("knows what a page asks for", () => {
  expect(isSave({ type: "save", id: "1", name: "a", size: 1 })).toBe(true);
  for (const other of [undefined, null, "/assets/index.js", { type: "other" }]) expect(isSave(other)).toBe(false);
});
