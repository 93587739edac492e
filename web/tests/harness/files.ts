// Files that people send: made here, so that nobody has to trust where they came from.
import { createHash } from "node:crypto";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect } from "./fixtures.ts";

export interface Made {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A picture with stripes, so that it can be seen whether it was turned, as a page draws it. */
export async function drawn(
  page: Page,
  name: string,
  width: number,
  height: number,
  type = "image/png",
): Promise<Made> {
  const bytes = await page.evaluate(
    async ({ width, height, type }) => {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      if (!context) throw new Error("no canvas");
      const sky = context.createLinearGradient(0, 0, width, height);
      for (const [at, colour] of [
        [0, "#1c3f7a"],
        [0.5, "#e8a24a"],
        [1, "#7a1c3f"],
      ] as const)
        sky.addColorStop(at, colour);
      context.fillStyle = sky;
      context.fillRect(0, 0, width, height);
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, width, height / 8);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type, quality: 0.8 })).arrayBuffer())];
    },
    { width, height, type },
  );
  return { name, mimeType: type, buffer: Buffer.from(bytes) };
}

export const PLACE_TAKEN = "taken at 59.9386 N 30.3141 E by Alice";

/** What a phone writes beside a photo: how it was held (a quarter turn), and where it was. */
export function asPhoto(picture: Made): Made {
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
  const tiff = Buffer.from([0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0]);
  const segment = (marker: number, content: Buffer) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(content.length + 2);
    return Buffer.concat([Buffer.from([0xff, marker]), length, content]);
  };
  const exif = segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0"), tiff, Buffer.from(PLACE_TAKEN)]));
  const comment = segment(0xfe, Buffer.from(PLACE_TAKEN));
  const { buffer } = picture;
  return { ...picture, buffer: Buffer.concat([buffer.subarray(0, 2), exif, comment, buffer.subarray(2)]) };
}

/** A PNG of a few bytes that claims to be larger than any memory. */
export function bomb(): Buffer {
  const header = Buffer.alloc(33);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(header);
  header.write("IHDR", 12);
  header.writeUInt32BE(60_000, 16);
  header.writeUInt32BE(60_000, 20);
  header.writeUInt8(8, 24);
  header.writeUInt8(6, 25);
  return header;
}

/** Bytes that no two pieces of have in common. */
export function bytes(length: number): Buffer {
  const content = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) content.writeUInt32BE(Math.imul(at / 4, 2_654_435_761) >>> 0, at);
  return content;
}

/** A folder with a large file in it, which goes with the test. */
export async function withFile(length: number, work: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sotto-file-"));
  try {
    const path = join(folder, "film.bin");
    const file = await open(path, "w");
    const piece = bytes(1 << 20);
    for (let at = 0; at < length; at += piece.length) {
      // Each piece says where it is.
      piece.writeUInt32BE(at / piece.length, 0);
      await file.write(piece, 0, Math.min(piece.length, length - at));
    }
    await file.close();
    await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

/** Chooses files, and sends them with a text. */
export async function sendFiles(page: Page, files: string | Made | Made[], text = "", asFiles = false): Promise<void> {
  await page.getByTestId("attach").setInputFiles(files);
  const dialog = page.getByTestId("send-files");
  if (asFiles) await dialog.getByRole("checkbox").check();
  await dialog.getByRole("textbox").fill(text);
  await dialog.getByRole("button", { name: /^(Send|Отправить)$/ }).click();
  await expect(dialog).toBeHidden();
}

/** A browser whose pages cannot ask where to save, as most cannot: what they save is a download. */
export async function withoutPicker(page: Page): Promise<void> {
  await page.addInitScript(() => delete (window as { showSaveFilePicker?: unknown }).showSaveFilePicker);
  await page.reload();
}

/** Saves a file of a message, and gives what came. */
export async function saved(page: Page, name: string): Promise<Buffer> {
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: `Save ${name}` }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe(name);
  return readFile(await download.path());
}
