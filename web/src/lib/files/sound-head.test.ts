import { expect, it } from "vitest";
import { soundType } from "./sound-head.ts";

const letters = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));
const type = (...parts: number[][]) => soundType(Uint8Array.from([...parts.flat(), 0, 0, 0, 0]));

it("knows each kind by the bytes alone", () => {
  expect(type([0x1a, 0x45, 0xdf, 0xa3])).toBe("audio/webm");
  expect(type(letters("OggS"))).toBe("audio/ogg");
  expect(type([0, 0, 0, 24], letters("ftypM4A "))).toBe("audio/mp4");
  expect(type(letters("RIFF"), [0, 0, 0, 0], letters("WAVEfmt "))).toBe("audio/wav");
  expect(type(letters("fLaC"))).toBe("audio/flac");
  expect(type(letters("ID3"))).toBe("audio/mpeg");
  expect(type([0xff, 0xfb, 0x90])).toBe("audio/mpeg");
});

it("M12: plays nothing that is none of them", () => {
  for (const content of ["", "<svg/>", "<!doctype html>", "RIFF    WEBP", "%PDF-1.7", "\u00ff\u00d8\u00ff"]) {
    expect(type(letters(content)), content).toBeUndefined();
  }
  expect(soundType(new Uint8Array())).toBeUndefined();
});
