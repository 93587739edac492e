// Somebody with a browser, who asks the client for what a page would ask, without a page of the app.
import type { BrowserContext, Page } from "@playwright/test";
import type { Client, State } from "../../src/lib/client/client.ts";
import type { Arguments, Operation, Result } from "../../src/lib/client/protocol.ts";
import type { Change } from "../../src/wasm/sotto_wasm_client.js";
import { expect } from "./fixtures.ts";
import type { Server } from "./server.ts";

declare global {
  interface Window {
    client: Client;
    changes: Change[];
    states: State["state"][];
    draw: () => string;
  }
}

/** Of this origin, and no page of the app. */
const QUIET = "/manifest.webmanifest";

export class Tab {
  readonly page: Page;
  readonly name: string;

  private constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
  }

  /** A tab in which the client runs. */
  static async open(context: BrowserContext, server: Server, name: string): Promise<Tab> {
    const tab = new Tab(await context.newPage(), name);
    await tab.page.goto(server.url + QUIET);
    await tab.start();
    return tab;
  }

  async start(): Promise<void> {
    await this.page.evaluate(async () => {
      // The list of what is kept offline names every script.
      const files = await (await fetch("/sw.js")).text();
      const [address] = /\/assets\/lone-client-[\w-]+\.js/.exec(files) ?? [];
      const { Client, drawId } = await import(address ?? "no client");
      Object.assign(window, { client: new Client(), changes: [], states: [], draw: drawId });
      window.client.listen({
        changed: (change) => window.changes.push(change),
        moved: ({ state }) => window.states.push(state),
      });
    });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.start();
  }

  call<O extends Operation>(operation: O, ...args: Arguments<O>): Promise<Result<O>> {
    const asked: [Operation, unknown[]] = [operation, args];
    return this.page.evaluate(
      ([operation, args]) => window.client.call(operation, ...(args as never)),
      asked,
    ) as Promise<Result<O>>;
  }

  state(): Promise<State["state"]> {
    return this.page.evaluate(() => window.client.state.state);
  }

  /** Waits until a change of this kind was told. */
  async hears(type: Change["type"]): Promise<void> {
    const heard = () =>
      this.page.evaluate(() => window.changes.map((change) => (change.type === "failed" ? change : change.type)));
    await expect.poll(heard, { message: `${this.name} hears ${type}` }).toContainEqual(type);
  }

  get password(): string {
    return `${this.name} likes horses`;
  }

  async register(): Promise<void> {
    await this.call("register", { userName: this.name, email: "", password: this.password, deviceName: "browser" });
    await this.hears("signed-in");
  }

  async signIn(): Promise<void> {
    await this.call("signIn", { loginName: this.name, password: this.password, deviceName: "another browser" });
    await this.hears("signed-in");
  }

  /** The chat with somebody, whoever began it, once it is there. */
  async chatWith(name: string): Promise<string> {
    const find = async () => (await this.call("chats")).find((chat) => chat.title === name)?.id ?? "";
    await expect.poll(find, { message: `${this.name} has a chat with ${name}` }).not.toBe("");
    return find();
  }

  /** Says something, and returns once it cannot be lost any more. */
  async say(chat: string, text: string): Promise<void> {
    await this.call("send", chat, await this.page.evaluate(() => window.draw()), { text });
  }

  /** What is in the log of a chat. */
  async texts(chat: string): Promise<string[]> {
    const { items } = await this.call("page", chat, undefined, 1000);
    return items.flatMap(({ what }) => (what.type === "message" ? [what.text] : []));
  }

  /** What is in the log of a chat or on its way there. */
  async written(chat: string): Promise<string[]> {
    const { items, queued } = await this.call("page", chat, undefined, 1000);
    const said = items.flatMap(({ what }) => (what.type === "message" ? [what.text] : []));
    return [...said, ...queued.flatMap(({ text }) => text ?? [])];
  }

  async sees(chat: string, texts: string[]): Promise<void> {
    await expect.poll(() => this.texts(chat), { message: `what ${this.name} sees` }).toEqual(texts);
  }
}

/** Two people in two browsers, who have begun to talk. */
export async function alreadyTalking(alice: Tab, bob: Tab): Promise<{ ofAlice: string; ofBob: string }> {
  await Promise.all([alice.register(), bob.register()]);
  await alice.call("startDirect", bob.name, { text: "hello" });
  const ofBob = await bob.chatWith(alice.name);
  await bob.call("accept", ofBob);
  await bob.sees(ofBob, ["hello"]);
  return { ofAlice: await alice.chatWith(bob.name), ofBob };
}
