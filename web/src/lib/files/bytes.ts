// Looking into bytes.
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function begins(bytes: Uint8Array, at: number, expected: number[]): boolean {
  return expected.every((byte, place) => bytes[at + place] === byte);
}

export function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + Math.max(length, 0)));
}

export function indexOf(bytes: Uint8Array, wanted: string, within = bytes.length, from = 0): number {
  const letters = Array.from(wanted, (letter) => letter.charCodeAt(0));
  const end = Math.min(within, bytes.length) - letters.length;
  for (let at = from; at <= end; at += 1) if (begins(bytes, at, letters)) return at;
  return -1;
}
