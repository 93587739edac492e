// Saving through the service worker: the browser is sent to an address, and what it gets there comes from this page, a piece each time
// that it has room for one.
import { SAVE_PATH, type ToPage, type ToWorker } from "./save-protocol.ts";

/** False if there is no service worker that could do it. Resolves when the browser has begun to save, or has got all. */
export async function stream(
  name: string,
  size: number,
  open: () => AsyncGenerator<Uint8Array<ArrayBuffer>>,
): Promise<boolean> {
  const worker = navigator.serviceWorker?.controller;
  if (!worker) return false;
  const { port1, port2 } = new MessageChannel();
  const id = crypto.randomUUID();
  const pieces = open();
  const isKnown = new Promise<boolean>((known) => {
    // An older one does not know what is meant.
    const timer = setTimeout(() => known(false), KNOWN_MS);
    port1.onmessage = async ({ data }: MessageEvent<ToPage>) => {
      if (data.type === "known") {
        clearTimeout(timer);
        known(true);
      } else if (data.type === "pull") port1.postMessage(await next(pieces));
      else port1.close();
    };
  });
  const save: ToWorker = { type: "save", id, name, size };
  worker.postMessage(save, [port2]);
  if (!(await isKnown)) return false;
  const link = document.createElement("a");
  link.href = `${SAVE_PATH}${id}`;
  link.click();
  return true;
}

async function next(
  pieces: AsyncGenerator<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer> | "end" | "broken"> {
  try {
    const { value, done } = await pieces.next();
    return done || !value ? "end" : value;
  } catch {
    return "broken";
  }
}

const KNOWN_MS = 3000;
