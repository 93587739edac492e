// What a file is by its first bytes, whatever it claims to be: a picture of a kind that is shown, how large, and whether it moves. Nothing
// is decoded for it. SVG and HTML are none of these, and so are never shown.
import { begins, indexOf, text, viewOf } from "./bytes.ts";

export interface PictureHead {
  type: "image/jpeg" | "image/png" | "image/gif" | "image/webp" | "image/avif";
  width: number;
  height: number;
  animated: boolean;
}

/** So many bytes are enough for all kinds; cameras put previews and profiles in front. */
export const HEAD_LEN = 512 << 10;
/** What takes more room than this when it is decoded is a file like any other: four bytes a pixel. */
export const PIXELS_MAX = 50_000_000;
export const SIDE_MAX = 16_384;

export function pictureHead(bytes: Uint8Array): PictureHead | undefined {
  const head = jpeg(bytes) ?? png(bytes) ?? gif(bytes) ?? webp(bytes) ?? avif(bytes);
  return head && head.width > 0 && head.height > 0 ? head : undefined;
}

/** Whether a picture can be decoded without taking the machine down. */
export function isBearable({ width, height }: { width: number; height: number }): boolean {
  return width <= SIDE_MAX && height <= SIDE_MAX && width * height <= PIXELS_MAX;
}

function jpeg(bytes: Uint8Array): PictureHead | undefined {
  if (!begins(bytes, 0, [0xff, 0xd8, 0xff])) return undefined;
  const view = viewOf(bytes);
  for (let at = 2; at + 9 < bytes.length;) {
    const marker = view.getUint8(at + 1);
    if (view.getUint8(at) !== 0xff) return undefined;
    // What stands alone, and what fills.
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return of("image/jpeg", view.getUint16(at + 7), view.getUint16(at + 5));
    const length = view.getUint16(at + 2);
    if (marker === 0xda || length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

function png(bytes: Uint8Array): PictureHead | undefined {
  const isPng = begins(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) && text(bytes, 12, 4) === "IHDR";
  if (!isPng || bytes.length < 24) return undefined;
  const view = viewOf(bytes);
  return of("image/png", view.getUint32(16), view.getUint32(20), pngMoves(bytes));
}

/** A frame control comes before the first picture. */
function pngMoves(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const kind = text(bytes, at + 4, 4);
    if (kind === "acTL") return true;
    if (kind === "IDAT") return false;
  }
  return false;
}

function gif(bytes: Uint8Array): PictureHead | undefined {
  if (!["GIF87a", "GIF89a"].includes(text(bytes, 0, 6)) || bytes.length < 10) return undefined;
  const view = viewOf(bytes);
  const moves = indexOf(bytes, "NETSCAPE2.0", 1024) >= 0;
  return of("image/gif", view.getUint16(6, true), view.getUint16(8, true), moves);
}

function webp(bytes: Uint8Array): PictureHead | undefined {
  if (text(bytes, 0, 4) !== "RIFF" || text(bytes, 8, 4) !== "WEBP" || bytes.length < 30) return undefined;
  const view = viewOf(bytes);
  switch (text(bytes, 12, 4)) {
    case "VP8X": {
      const side = (at: number) => view.getUint16(at, true) + (view.getUint8(at + 2) << 16) + 1;
      return of("image/webp", side(24), side(27), (view.getUint8(20) & 2) !== 0);
    }
    case "VP8L": {
      const sides = view.getUint32(21, true);
      return of("image/webp", (sides & 0x3fff) + 1, ((sides >>> 14) & 0x3fff) + 1);
    }
    case "VP8 ":
      return of("image/webp", view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  return undefined;
}

function avif(bytes: Uint8Array): PictureHead | undefined {
  if (text(bytes, 4, 4) !== "ftyp" || bytes.length < 16) return undefined;
  const view = viewOf(bytes);
  const brands = text(bytes, 8, Math.min(view.getUint32(0), 256) - 8);
  if (!brands.includes("avif") && !brands.includes("avis")) return undefined;
  // There may be small versions in it; the largest counts.
  let head: PictureHead | undefined;
  for (
    let at = indexOf(bytes, "ispe");
    at >= 0 && at + 16 <= bytes.length;
    at = indexOf(bytes, "ispe", undefined, at + 4)
  ) {
    const next = of("image/avif", view.getUint32(at + 8), view.getUint32(at + 12), brands.includes("avis"));
    if (!head || next.width * next.height > head.width * head.height) head = next;
  }
  return head;
}

function of(type: PictureHead["type"], width: number, height: number, animated = false): PictureHead {
  return { type, width, height, animated };
}
