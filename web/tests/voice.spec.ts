// Voice messages: spoken into a microphone that the browser makes, which beeps, and heard on the other side.
import type { Page } from "@playwright/test";
import { browserOptions } from "./harness/browser.js";
import { sendFiles } from "./harness/files.ts";
import { expect, test as base } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { talking } from "./harness/people.ts";

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

test("what is discarded is not sent, and the microphone is let go", async ({ people: { alice, bob } }) => {
  await speak(alice, 1);
  await alice.getByRole("button", { name: "Discard the recording" }).click();
  await expect(alice.getByRole("button", { name: RECORD })).toBeVisible();
  await alice.getByLabel("Write a message").fill("Rather in writing");
  await expect(alice.getByRole("button", { name: RECORD })).toBeHidden();
  await alice.getByLabel("Write a message").press("Enter");
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
  await alice.getByLabel("Write a message").fill("hello");
});

base("a file that says that it is sound is a file", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await sendFiles(alice, { name: "song.mp3", mimeType: "audio/mpeg", buffer: Buffer.from("<script>1</script>") });
  await expect(bob.getByTestId("file").filter({ hasText: "song.mp3" })).toBeVisible();
  await expect(voice(bob)).toHaveCount(0);
});
