// Something bad between the browser and the server: passes everything on, changed by whatever `fault` does to it.
import { createServer, request, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Changes an answer in place. `"cut"` breaks the connection after half of the body. */
export type Fault = (answer: Answer, path: string) => void | "cut";

export class Middlebox {
  readonly url: string;
  readonly upstream: string;
  fault: Fault = () => {};
  /** Whether a path is never answered. */
  silent: (path: string) => boolean = () => false;
  /** What the server is asked for in place of a path. */
  redirect: (path: string) => string = (path) => path;
  readonly #close: () => Promise<void>;

  private constructor(url: string, upstream: string, close: () => Promise<void>) {
    this.url = url;
    this.upstream = upstream;
    this.#close = close;
  }

  static async before(upstream: string): Promise<Middlebox> {
    const server = createServer((asked, reply) => {
      const path = asked.url ?? "/";
      if (box.silent(path)) return;
      fetchFrom(upstream, box.redirect(path))
        .then((answer) => send(reply, answer, box.fault(answer, path) === "cut"))
        .catch(() => reply.writeHead(502).end());
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const box = new Middlebox(`http://127.0.0.1:${port}`, upstream, async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    });
    return box;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** Asks for the plain variant, so that faults can be written in plain text. */
async function fetchFrom(upstream: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, upstream), (incoming) => {
      buffer(incoming).then(
        (body) => resolve({ status: incoming.statusCode ?? 502, headers: incoming.headers, body }),
        reject,
      );
    });
    outgoing.on("error", reject).end();
  });
}

function send(reply: ServerResponse, { status, headers, body }: Answer, cut: boolean): void {
  const { "transfer-encoding": _, ...kept } = headers;
  reply.writeHead(status, { ...kept, "content-length": body.length });
  if (!cut) {
    reply.end(body);
    return;
  }
  reply.write(body.subarray(0, body.length / 2), () => reply.destroy());
}
