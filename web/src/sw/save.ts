// Files that pages hand over to be saved. Nothing of them is kept: each piece goes from the page to the browser when there is room for it.
import { saveHeaders, type Piece, type ToPage, type ToWorker } from "../lib/files/save-protocol.ts";

interface Offered {
  save: ToWorker;
  port: MessagePort;
}

const offered = new Map<string, Offered>();
/** What nobody came for is forgotten, the oldest first. */
const OFFERED_MAX = 20;

export function offer(save: ToWorker, port: MessagePort): void {
  offered.set(save.id, { save, port });
  const [oldest] = offered.keys();
  if (offered.size > OFFERED_MAX && oldest) offered.delete(oldest);
  say(port, { type: "known" });
}

/** The file behind an address, once. */
export function taken(id: string): Response {
  const found = offered.get(id);
  offered.delete(id);
  if (!found) return new Response(null, { status: 404 });
  const { save, port } = found;
  return new Response(streamOf(port), { headers: saveHeaders(save.name, save.size) });
}

function streamOf(port: MessagePort): ReadableStream<Uint8Array<ArrayBuffer>> {
  const end = () => say(port, { type: "done" });
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const piece = await asked(port);
        if (piece === "broken") controller.error(new Error("the page has no more of it"));
        else if (piece === "end") controller.close();
        else controller.enqueue(piece);
        if (typeof piece === "string") end();
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
}

function asked(port: MessagePort): Promise<Piece> {
  return new Promise((answered) => {
    port.onmessage = ({ data }: MessageEvent<Piece>) => answered(data);
    say(port, { type: "pull" });
  });
}

function say(port: MessagePort, message: ToPage): void {
  port.postMessage(message);
}
