// Codes to be scanned, as pictures: of what a page shows, of what a terminal draws, and as what a camera sees.
import { writeFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";

export interface Image {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A photograph of something on a page. */
export async function photographOf(shown: Locator): Promise<Image> {
  return { name: "code.png", mimeType: "image/png", buffer: await shown.screenshot() };
}

/** A photograph of half blocks, in which a terminal draws the bright parts of a code. */
export async function photographOfTerminal(page: Page, drawn: string): Promise<Image> {
  const rows = drawn.split("\n").filter((row) => /[█▀▄]/.test(row));
  const base64 = await page.evaluate(async (rows) => {
    const [unit, width] = [6, Math.max(...rows.map((row) => row.length))];
    const canvas = new OffscreenCanvas(unit * width, 2 * unit * rows.length);
    const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
    context.fillStyle = "black";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "white";
    for (const [y, row] of rows.entries()) {
      for (const [x, block] of [...row].entries()) {
        if ("█▀".includes(block)) context.fillRect(x * unit, 2 * y * unit, unit, unit);
        if ("█▄".includes(block)) context.fillRect(x * unit, (2 * y + 1) * unit, unit, unit);
      }
    }
    const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  }, rows);
  return { name: "terminal.png", mimeType: "image/png", buffer: Buffer.from(base64, "base64") };
}

/** A film for Chromium's camera: grey, and then the picture, for as long as somebody looks. */
export async function filmOf(page: Page, image: Image, path: string): Promise<void> {
  const [width, height] = [640, 480];
  const grey = await page.evaluate(
    async ({ base64, width, height }) => {
      const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]));
      const context = new OffscreenCanvas(width, height).getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.fillStyle = "#777";
      context.fillRect(0, 0, width, height);
      // Held at an angle, as people hold things.
      context.translate(width / 2, height / 2);
      context.rotate(0.12);
      const side = 0.72 * height;
      context.drawImage(bitmap, -side / 2, -side / 2, side, side);
      const { data } = context.getImageData(0, 0, width, height);
      return Array.from({ length: width * height }, (_, point) => data[4 * point] ?? 0);
    },
    { base64: image.buffer.toString("base64"), width, height },
  );
  const chroma = Buffer.alloc((width * height) / 2, 128);
  const frame = (brightness: Buffer) => Buffer.concat([Buffer.from("FRAME\n"), brightness, chroma]);
  const frames = [frame(Buffer.alloc(width * height, 119)), ...Array<Buffer>(4).fill(frame(Buffer.from(grey)))];
  const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F5:1 Ip A1:1 C420jpeg\n`);
  await writeFile(path, Buffer.concat([header, ...frames]));
}
