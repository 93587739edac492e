// Voice messages: spoken into a microphone that the browser makes, which beeps, and heard on the other side.
import type { Page } from "@playwright/test";
import { browserOptions } from "./harness/browser.js";
import { expect, test as base } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { newcomer, open, say, talking } from "./harness/people.ts";
import { Tab } from "./harness/person.ts";

const test = base.extend<{ people: { alice: Page; bob: Page } }>({
  people: async ({ playwright, server }, use) => {
    const args = [
      ...(browserOptions.args ?? []),
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
    ];
    const browser = await playwright.chromium.launch({ ...browserOptions, args });
    await use(await talking(browser, server));
    await browser.close();
  },
});

const RECORD = "Record a voice message";
const voice = (page: Page) => page.getByTestId("voice");
const position = (page: Page) => voice(page).getByRole("slider").inputValue().then(Number);

/** How the microphone's tracks are doing that this page was given from now on. */
async function watchedMicrophone(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    const given: MediaStream[] = [];
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      given.push(stream);
      return stream;
    };
    Object.assign(window, { given });
  });
  return () =>
    page.evaluate(() =>
      (window as unknown as { given: MediaStream[] }).given
        .flatMap((stream) => stream.getTracks())
        .map(({ readyState }) => readyState),
    );
}

async function speak(page: Page, seconds: number): Promise<void> {
  await page.getByRole("button", { name: RECORD }).click();
  await expect(page.getByTestId("recorder").getByRole("timer")).toHaveText(`0:0${seconds}`);
}

test("somebody speaks, and it is heard on the other side", async ({ people: { alice, bob } }) => {
  await speak(alice, 5);
  await expectNoSeriousFinding(alice);
  await picture(alice, "voice-recording-desk-light");
  await alice.getByRole("button", { name: "Send the voice message" }).click();
  await expect(alice.getByTestId("recorder")).toBeHidden();
  await expect(alice.getByLabel("Write a message")).toBeVisible();
  await expect(voice(bob)).toContainText(/0:0\d/);
  await expect(bob.getByTestId("chat").filter({ hasText: "alice" })).toContainText("Voice message 0:0");

  await alice.getByRole("button", { name: "Play the voice message" }).click();
  await expect(voice(alice)).toHaveAttribute("data-stage", "playing");
  await bob.getByRole("button", { name: "Play the voice message" }).click();
  await expect(voice(bob)).toHaveAttribute("data-stage", "playing");
  await bob.getByRole("button", { name: "Pause the voice message" }).click();
  await expect(voice(bob)).toHaveAttribute("data-stage", "still");
  await voice(bob).getByRole("slider").fill("1500");
  await bob.getByRole("button", { name: "Speed 1×" }).click();
  await expect(bob.getByRole("button", { name: "Speed 1.5×" })).toBeVisible();
  await picture(bob, "voice-heard-desk-light");
  await expectNoSeriousFinding(bob);
  await bob.getByRole("button", { name: "Play the voice message" }).click();
  // To its end, and back to its beginning.
  await expect.poll(() => position(bob)).toBe(0);
  await bob.reload();
  await bob.getByRole("button", { name: "Play the voice message" }).click();
  await expect(voice(bob)).toHaveAttribute("data-stage", "playing");
});

test("what is discarded or left is not sent, and the microphone is let go", async ({ people: { alice, bob } }) => {
  const tracks = await watchedMicrophone(alice);
  await speak(alice, 1);
  expect(await tracks()).toEqual(["live"]);
  await alice.getByRole("button", { name: "Discard the recording" }).click();
  await expect(alice.getByRole("button", { name: RECORD })).toBeVisible();
  expect(await tracks()).toEqual(["ended"]);
  await speak(alice, 1);
  await open(alice, "Saved messages");
  expect(await tracks()).toEqual(["ended", "ended"]);
  await open(alice, "bob");
  await say(alice, "Rather in writing");
  await expect(bob.getByTestId("message").last()).toContainText("Rather in writing");
  await expect(voice(bob)).toHaveCount(0);
});

test("a voice message waits for a server that is away", async ({ people: { alice, bob }, server }) => {
  await server.cut();
  await speak(alice, 1);
  await alice.getByRole("button", { name: "Send the voice message" }).click();
  await expect(voice(alice)).toBeVisible();
  await alice.reload();
  await expect(voice(alice)).toBeVisible();
  await server.revive();
  await bob.getByRole("button", { name: "Play the voice message" }).click();
  await expect(voice(bob)).toHaveAttribute("data-stage", "playing");
});

base("without a microphone a person is told what to do", async ({ browser, server }) => {
  const { alice } = await talking(browser, server);
  await alice.getByRole("button", { name: RECORD }).click();
  await expect(alice.getByText("hear no microphone")).toBeVisible();
  await say(alice, "Then in writing");
  await expect(alice.getByTestId("message").last()).toContainText("Then in writing");
});

base("M12: what only claims to be a voice is not played, and can be saved", async ({ browser, server }) => {
  const alice = await newcomer(browser, server, "alice");
  const mallory = await Tab.open(await browser.newContext(), server, "mallory");
  await mallory.register();
  await mallory.call("startDirect", "alice", { text: "listen to this" });
  const chat = await mallory.chatWith("alice");
  await mallory.page.evaluate(async (chat) => {
    const content = new Blob([`<!doctype html><script>document.title='broken'</script>`]);
    const sound = { durationMs: 2_147_483_647, waveform: [0, 255], voice: true };
    const file = { name: "voice.webm", mediaType: "text/html", location: "held:voice", sound };
    await window.client.call("sendFiles", chat, window.draw(), { text: "" }, [file], [content]);
  }, chat);
  await open(alice, "mallory");
  await alice.getByRole("button", { name: "Accept" }).click();
  await alice.getByRole("button", { name: "Play the voice message" }).click();
  await expect(voice(alice).getByRole("alert")).toHaveText("This cannot be played. It can be saved as a file.");
  await expect(alice.getByRole("button", { name: "Save Voice message" })).toBeVisible();
  await expectNoSeriousFinding(alice);
  await expect(alice).toHaveTitle(/Sotto/);
});
