// The real server, as a process of its own, with a folder of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const START_MS = 60_000;

export class Server {
  readonly url: string;
  #process: ChildProcess;
  readonly #data: string;

  private constructor(url: string, process: ChildProcess, data: string) {
    this.url = url;
    this.#process = process;
    this.#data = data;
  }

  /** Starts the program that `SOTTO_SERVER_BIN` names, on a free port unless one is given. */
  static async start(listen = "127.0.0.1:0"): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), "sotto-web-"));
    const child = launch(listen, data);
    return new Server(await announced(child), child, data);
  }

  /** Ends it at once, as a power cut does, and leaves what it has written. */
  async cut(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Starts it again after a cut, at the same address and with what it had written. */
  async revive(): Promise<void> {
    this.#process = launch(new URL(this.url).host, this.#data);
    await announced(this.#process);
  }

  /** Turns a bit in the middle of each part of a file that it keeps. To be done while it is down. */
  async damageFiles(): Promise<void> {
    const folder = join(this.#data, "blobs");
    const parts = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    if (parts.length === 0) throw new Error("there is no file on the server");
    for (const part of parts) {
      const path = join(part.parentPath, part.name);
      const content = await readFile(path);
      const middle = Math.floor(content.length / 2);
      content.writeUInt8(content.readUInt8(middle) ^ 1, middle);
      await writeFile(path, content);
    }
  }

  /** Ends it for good. */
  async kill(): Promise<void> {
    await this.cut();
    await rm(this.#data, { recursive: true, force: true });
  }
}

function launch(listen: string, data: string): ChildProcess {
  const program = process.env["SOTTO_SERVER_BIN"];
  if (!program) throw new Error("SOTTO_SERVER_BIN does not name the server; `cargo xtask test browser` sets it");
  return spawn(program, ["--listen", listen, "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
}

/** The address that the server prints once it accepts calls. */
async function announced(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the server has no output");
  let complaint = "";
  stderr.on("data", (chunk) => (complaint = (complaint + chunk).slice(-2000)));
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  try {
    for await (const line of createInterface(stdout)) {
      const [, url] = /^listening on (http:\/\/\S+)$/.exec(line) ?? [];
      if (url) return url;
    }
  } finally {
    clearTimeout(timer);
    // What it prints later is of no interest, but must not fill the pipe.
    stdout.resume();
  }
  throw new Error(`the server did not start: ${complaint}`);
}
