import { expect, it } from "vitest";
import { isBearable, pictureHead } from "./picture-head.ts";

const letters = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
const big = (value: number, bytes: number) =>
  Array.from({ length: bytes }, (_, at) => (value >>> (8 * (bytes - 1 - at))) & 255);
const little = (value: number, bytes: number) => big(value, bytes).reverse();
const head = (...parts: number[][]) =>
  pictureHead(Uint8Array.from([...parts.flat(), ...Array.from({ length: 32 }, () => 0)]));

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const ihdr = (width: number, height: number) => [
  ...big(13, 4),
  ...letters("IHDR"),
  ...big(width, 4),
  ...big(height, 4),
  8,
  6,
  0,
  0,
  0,
  ...big(0, 4),
];

it("knows each kind and its size by the bytes alone", () => {
  const exif = [0xff, 0xe1, ...big(12, 2), ...letters("Exif"), 0, 0, 0, 0, 0, 0];
  expect(head([0xff, 0xd8], exif, [0xff, 0xc2, 0, 17, 8, ...big(480, 2), ...big(640, 2)])).toMatchObject({
    type: "image/jpeg",
    width: 640,
    height: 480,
  });
  expect(head(PNG, ihdr(640, 480))).toEqual({ type: "image/png", width: 640, height: 480, animated: false });
  expect(head(letters("GIF89a"), little(640, 2), little(480, 2))).toMatchObject({
    type: "image/gif",
    width: 640,
    height: 480,
  });
  const riff = [...letters("RIFF"), ...little(100, 4), ...letters("WEBP")];
  expect(head(riff, letters("VP8X"), little(10, 4), [2, 0, 0, 0], little(639, 3), little(479, 3))).toEqual({
    type: "image/webp",
    width: 640,
    height: 480,
    animated: true,
  });
  expect(head(riff, letters("VP8L"), little(10, 4), [0x2f], little(639 | (479 << 14), 4))).toMatchObject({
    width: 640,
    height: 480,
  });
  expect(
    head(riff, letters("VP8 "), little(10, 4), [0, 0, 0, 0x9d, 0x01, 0x2a], little(640, 2), little(480, 2)),
  ).toMatchObject({ width: 640, height: 480 });
  const ispe = (width: number, height: number) => [
    ...big(20, 4),
    ...letters("ispe"),
    0,
    0,
    0,
    0,
    ...big(width, 4),
    ...big(height, 4),
  ];
  expect(head(big(20, 4), letters("ftypavif"), big(0, 4), letters("mif1"), ispe(64, 48), ispe(640, 480))).toMatchObject(
    { type: "image/avif", width: 640, height: 480 },
  );
});

it("sees whether it moves", () => {
  expect(head(PNG, ihdr(1, 1), big(8, 4), letters("acTL"))?.animated).toBe(true);
  expect(head(PNG, ihdr(1, 1), big(8, 4), letters("IDAT"), letters("acTL"))?.animated).toBe(false);
  expect(
    head(letters("GIF89a"), little(1, 2), little(1, 2), [0, 0, 0], letters("!\u00ff\u000bNETSCAPE2.0"))?.animated,
  ).toBe(true);
});

it("M12: takes neither SVG nor HTML for a picture, however they begin", () => {
  for (const content of [
    "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "<?xml version='1.0'?><svg/>",
    "<!doctype html>",
    "\u00ef\u00bb\u00bf<svg/>",
    "",
    "BM",
    "%PDF-1.7",
  ]) {
    expect(head(letters(content)), content).toBeUndefined();
  }
});

it("M8: a bomb is known before it is decoded", () => {
  const bomb = head(PNG, ihdr(60_000, 60_000));
  expect(bomb && isBearable(bomb)).toBe(false);
  expect(isBearable({ width: 8000, height: 6000 })).toBe(true);
  expect(isBearable({ width: 20_000, height: 1 })).toBe(false);
});

it("M5: what is cut off or contradicts itself is no picture, and costs nothing", () => {
  const whole = Uint8Array.from([...PNG, ...ihdr(640, 480)]);
  for (let length = 0; length < 24; length += 1) expect(pictureHead(whole.subarray(0, length))).toBeUndefined();
  expect(head(PNG, ihdr(0, 480))).toBeUndefined();
  // Segments that lead nowhere.
  expect(head([0xff, 0xd8, 0xff, 0xe0, 0, 0])).toBeUndefined();
  expect(pictureHead(new Uint8Array(100_000).fill(0xff))).toBeUndefined();
});
