// What a sound is by its first bytes, whatever it claims to be. Nothing is decoded for it, and what is none of these is never played.
import { begins, text } from "./bytes.ts";

export type SoundType = "audio/webm" | "audio/ogg" | "audio/mp4" | "audio/mpeg" | "audio/wav" | "audio/flac";

export function soundType(bytes: Uint8Array): SoundType | undefined {
  if (begins(bytes, 0, [0x1a, 0x45, 0xdf, 0xa3])) return "audio/webm";
  if (text(bytes, 0, 4) === "OggS") return "audio/ogg";
  if (text(bytes, 4, 4) === "ftyp") return "audio/mp4";
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WAVE") return "audio/wav";
  if (text(bytes, 0, 4) === "fLaC") return "audio/flac";
  // A tag in front, or a frame of layer III right away.
  const [first, second = 0] = bytes;
  if (text(bytes, 0, 3) === "ID3" || (first === 0xff && (second & 0xe6) === 0xe2)) return "audio/mpeg";
  return undefined;
}
