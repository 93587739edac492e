// The engine in the worker against the real server: people in browsers, and what can happen to them.
import type { BrowserContext } from "@playwright/test";
import { expect, test } from "./harness/fixtures.ts";
import { alreadyTalking, Tab } from "./harness/person.ts";
import { Terminal } from "./harness/terminal.ts";

test("two people register, talk both ways, and find it all after a reload", async ({ browser, server }) => {
  const alice = await Tab.open(await browser.newContext(), server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);
  await bob.say(ofBob, "hello yourself");
  await alice.sees(ofAlice, ["hello", "hello yourself"]);

  await alice.reload();
  await alice.sees(ofAlice, ["hello", "hello yourself"]);
  await alice.say(ofAlice, "still here");
  await bob.sees(ofBob, ["hello", "hello yourself", "still here"]);
  expect(await alice.call("session")).toMatchObject({
    userName: "alice",
    signedIn: true,
    online: true,
    inMemory: false,
  });
});

test("C4, C5: a worker that is killed while it writes loses nothing that it took, and says nothing twice", async ({
  browser,
  server,
}) => {
  const alice = await Tab.open(await browser.newContext(), server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);

  const taken: string[] = [];
  for (let round = 1; round <= 3; round += 1) taken.push(...(await sendAndKill(alice, ofAlice, round)));
  expect(taken.length).toBeGreaterThan(0);

  await alice.reload();
  const written = await alice.written(ofAlice);
  for (const text of taken) expect(written).toContain(text);
  await expect.poll(async () => (await alice.call("page", ofAlice, undefined, 1)).queued).toEqual([]);

  const seen = await alice.texts(ofAlice);
  expect(new Set(seen).size).toBe(seen.length);
  await bob.sees(ofBob, seen);
});

/** Sends without a pause, kills the worker in the midst of it, and returns what was acknowledged before. */
async function sendAndKill(alice: Tab, chat: string, round: number): Promise<string[]> {
  await expect.poll(() => alice.state()).toBe("ready");
  const taken = await alice.page.evaluate(
    async ([chat, round]) => {
      const taken: string[] = [];
      const texts = Array.from({ length: 40 }, (_, place) => `round ${round}, message ${place}`);
      for (const text of texts) {
        const sent = window.client.call("send", chat, window.draw(), { text });
        void sent.then(() => taken.push(text)).catch(() => {});
      }
      // Some are taken, and more are on their way: the worker is in the middle of one of them.
      while (taken.length < 5 * round) await new Promise((resume) => setTimeout(resume));
      window.client.stop();
      return [...taken];
    },
    [chat, round] as const,
  );
  await alice.reload();
  return taken;
}

test("what is said while the server is away goes out when it is back", async ({ browser, server }) => {
  const alice = await Tab.open(await browser.newContext(), server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);

  await server.cut();
  await expect.poll(async () => (await alice.call("session")).online).toBe(false);
  await alice.say(ofAlice, "into the void");
  expect(await alice.written(ofAlice)).toEqual(["hello", "into the void"]);

  await server.revive();
  await alice.reload();
  await bob.call("tryNow");
  await bob.sees(ofBob, ["hello", "into the void"]);
  await alice.sees(ofAlice, ["hello", "into the void"]);
});

test("C1: a second tab uses the store of the first, and takes over when that is closed", async ({
  browser,
  server,
}) => {
  const context = await browser.newContext();
  const first = await Tab.open(context, server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(first, bob);

  const second = await Tab.open(context, server, "alice");
  await second.say(ofAlice, "from the second tab");
  await first.sees(ofAlice, ["hello", "from the second tab"]);
  await bob.say(ofBob, "heard");
  await second.hears("timeline");

  await first.page.close();
  await second.say(ofAlice, "after the first");
  await bob.sees(ofBob, ["hello", "from the second tab", "heard", "after the first"]);
});

test("C2: when the worker with the store dies, whoever comes next goes on", async ({ browser, server }) => {
  const context = await browser.newContext();
  const first = await Tab.open(context, server, "alice");
  await first.register();
  const second = await Tab.open(context, server, "alice");
  await expect.poll(() => second.state()).toBe("ready");
  // That the store is with another tab is no reason to wait once that one has answered.
  await second.page.waitForTimeout(600);
  expect(await second.state()).toBe("ready");

  await first.page.workers()[0]?.evaluate(() => self.close());
  expect(await second.call("session")).toMatchObject({ userName: "alice" });
  // The first tab has another worker by now.
  expect(await first.call("session")).toMatchObject({ userName: "alice" });
  expect(await first.page.evaluate(() => window.states)).toContain("starting");
});

test("a new browser signs in and reads everything", async ({ browser, server }) => {
  const alice = await Tab.open(await browser.newContext(), server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);
  await bob.say(ofBob, "before the new browser");
  await alice.sees(ofAlice, ["hello", "before the new browser"]);
  await alice.page.context().close();

  const another = await Tab.open(await browser.newContext(), server, "alice");
  await another.signIn();
  const chat = await another.chatWith("bob");
  await another.sees(chat, ["hello", "before the new browser"]);
  await another.say(chat, "from the new one");
  await bob.sees(ofBob, ["hello", "before the new browser", "from the new one"]);
});

test("C14: somebody writes in a browser and in a terminal at once, and everybody sees one order", async ({
  browser,
  server,
}) => {
  const alice = await Tab.open(await browser.newContext(), server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);
  const terminal = await Terminal.signIn("alice", server);

  const rounds = [1, 2, 3, 4];
  const typing = (async () => {
    for (const round of rounds) await alice.say(ofAlice, `browser ${round}`);
  })();
  for (const round of rounds) await terminal.run("send", "@bob", `terminal ${round}`);
  await typing;

  const all = ["hello", ...rounds.flatMap((round) => [`browser ${round}`, `terminal ${round}`])];
  await expect.poll(async () => (await bob.texts(ofBob)).sort()).toEqual(all.sort());
  const order = await bob.texts(ofBob);
  await alice.sees(ofAlice, order);
  expect(await terminal.texts("@bob")).toEqual(order);
  await terminal.leave();
});

test("a wrong password is said to be one", async ({ browser, server }) => {
  const alice = await Tab.open(await browser.newContext(), server, "alice");
  await alice.call("signIn", { loginName: "alice", password: "not hers", deviceName: "" });
  const failure = () => alice.page.evaluate(() => window.changes.find((change) => change.type === "failed"));
  await expect.poll(failure).toMatchObject({ attempt: { type: "sign-in" }, why: { type: "wrong-password" } });
});

test("without private storage everything works until the tab is closed", async ({ browser, server }) => {
  const context = await browser.newContext();
  await spoilWorker(context, "delete FileSystemFileHandle.prototype.createSyncAccessHandle;");
  const alice = await Tab.open(context, server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);
  await alice.say(ofAlice, "from memory");
  await bob.sees(ofBob, ["hello", "from memory"]);
  expect(await alice.call("session")).toMatchObject({ inMemory: true });
});

test("where no WebSocket can be had, plain requests do", async ({ browser, server }) => {
  const context = await browser.newContext();
  await spoilWorker(context, "self.WebSocket = class { constructor() { throw new Error('blocked'); } };");
  const alice = await Tab.open(context, server, "alice");
  const bob = await Tab.open(await browser.newContext(), server, "bob");
  const { ofAlice, ofBob } = await alreadyTalking(alice, bob);
  await bob.say(ofBob, "live all the same");
  await alice.sees(ofAlice, ["hello", "live all the same"]);
});

/** Takes something away from the worker before its script runs. */
async function spoilWorker(context: BrowserContext, spoil: string): Promise<void> {
  await context.route(/\/assets\/main-[\w-]+\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${spoil}\n${await response.text()}` });
  });
}
