// Somebody between a browser and the server who changes what the server says. Frames to a browser are neither masked nor compressed
// (RFC 6455 §5.1), so bytes can be exchanged for as many others.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export class Liar {
  readonly url: string;
  readonly #close: () => void;
  #told: [truth: Buffer, lie: Buffer] | undefined;

  private constructor(url: string, close: () => void) {
    this.url = url;
    this.#close = close;
  }

  static async before(upstream: string): Promise<Liar> {
    const { hostname, port } = new URL(upstream);
    const sockets = new Set<Socket>();
    const server = createServer((browser) => {
      const truth = connect(Number(port), hostname);
      for (const socket of [browser, truth]) {
        sockets.add(socket);
        socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
      }
      browser.pipe(truth);
      truth.on("data", (bytes) => browser.write(liar.#distort(bytes))).on("end", () => browser.end());
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port: own } = server.address() as AddressInfo;
    const liar = new Liar(`http://127.0.0.1:${own}`, () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return liar;
  }

  /** From now on the browser is told the one where the server says the other. */
  tell(lie: Buffer, truth: Buffer): void {
    this.#told = [truth, lie];
  }

  close(): void {
    this.#close();
  }

  #distort(bytes: Buffer): Buffer {
    const [truth, lie] = this.#told ?? [];
    if (!truth || !lie) return bytes;
    const distorted = Buffer.from(bytes);
    for (let at = distorted.indexOf(truth); at >= 0; at = distorted.indexOf(truth, at)) lie.copy(distorted, at);
    return distorted;
  }
}
