// Somebody with the terminal client, in a profile of its own.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Server } from "./server.ts";

export class Terminal {
  readonly name: string;
  readonly #program: string;
  readonly #profile: string;

  private constructor(name: string, program: string, profile: string) {
    this.name = name;
    this.#program = program;
    this.#profile = profile;
  }

  static register(name: string, server: Server): Promise<Terminal> {
    return Terminal.#begin("register", name, server);
  }

  /** Another device of somebody who has an account. */
  static signIn(name: string, server: Server): Promise<Terminal> {
    return Terminal.#begin("login", name, server);
  }

  /** Starts the program that `SOTTO_TERMINAL_BIN` names. */
  static async #begin(how: "register" | "login", name: string, server: Server): Promise<Terminal> {
    const program = process.env["SOTTO_TERMINAL_BIN"];
    if (!program) throw new Error("SOTTO_TERMINAL_BIN does not name the program; `cargo xtask test browser` sets it");
    const terminal = new Terminal(name, program, await mkdtemp(join(tmpdir(), "sotto-terminal-")));
    await terminal.run(how, "--server", server.url, "--user", name);
    return terminal;
  }

  /** What a command prints. */
  async run(...words: string[]): Promise<string> {
    const env = {
      PATH: process.env["PATH"],
      SOTTO_PROFILE: this.#profile,
      SOTTO_PASSPHRASE: "of the profile",
      SOTTO_PASSWORD: `${this.name} likes horses`,
      SOTTO_NEW_PASSWORD: `${this.name} likes horses`,
      SOTTO_LANG: "en",
    };
    return (await promisify(execFile)(this.#program, words, { env })).stdout;
  }

  async ask<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.run(...words, "--json")) as T;
  }

  /** The texts of a chat. */
  async texts(chat: string): Promise<string[]> {
    const lines = (await this.run("history", chat, "--json")).trim().split("\n");
    return lines.map((line) => (JSON.parse(line) as { text: string }).text).filter((text) => text !== "");
  }

  leave(): Promise<void> {
    return rm(this.#profile, { recursive: true, force: true });
  }
}
