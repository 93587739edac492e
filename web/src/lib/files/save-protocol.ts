// What a page and the service worker say to each other about a file that is to be saved.

/** Below it nothing is ever kept, and nothing is shown. */
export const SAVE_PATH = "/save/";

/** A page has a file to be saved, and answers at the port that comes with it. */
export interface ToWorker {
  type: "save";
  id: string;
  name: string;
  size: number;
}

/** A pull is answered with a piece, or with the word that there is none. */
export type ToPage = { type: "known" } | { type: "pull" } | { type: "done" };

export type Piece = Uint8Array<ArrayBuffer> | "end" | "broken";

export function isSave(data: unknown): data is ToWorker {
  return typeof data === "object" && data !== null && "type" in data && data.type === "save";
}

/** What a browser is told of a file: to save it, under its name, and never to show it. */
export function saveHeaders(name: string, size: number): Record<string, string> {
  const plain = encodeURIComponent(name || "file").replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename*=UTF-8''${plain}`,
    "content-length": String(size),
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
  };
}
