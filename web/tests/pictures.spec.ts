// Pictures in the app: made ready, shown, looked at, and those of somebody who means harm.
import type { Page } from "@playwright/test";
import { asPhoto, bomb, drawn, PLACE_TAKEN, saved, sendFiles, withoutPicker } from "./harness/files.ts";
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { newcomer, open, PHONE, say, talking } from "./harness/people.ts";
import { Tab } from "./harness/person.ts";

const shown = (page: Page) => page.locator("[data-testid=picture][data-state=shown]");

test("a photo arrives upright and smaller, and says nothing of where it was taken", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  const photo = asPhoto(await drawn(alice, "IMG_1.jpg", 3000, 2000, "image/jpeg"));
  await sendFiles(alice, photo, "the sea");
  await expect(shown(alice)).toHaveCount(1);
  await expect(shown(bob)).toHaveCount(1);
  await expect(bob.getByTestId("message").last()).toContainText("the sea");
  // A quarter turn makes it upright; its place has its shape before it is there.
  const box = await bob.getByTestId("picture").boundingBox();
  expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(2 / 3, 1);
  await picture(bob, "picture-desk-light");
  await expectNoSeriousFinding(bob);

  await bob.getByTestId("picture").getByRole("button").click();
  const full = bob.getByTestId("full");
  await expect(full).toBeVisible();
  const size = await full.evaluate(({ naturalWidth, naturalHeight }: HTMLImageElement) => [
    naturalWidth,
    naturalHeight,
  ]);
  expect(size).toEqual([1280, 1920]);
  const bytes = await saved(bob, "IMG_1.webp");
  expect(bytes.includes(PLACE_TAKEN)).toBe(false);
  expect(bytes.includes("Exif")).toBe(false);
});

test("a picture that is sent as a file is the file, byte for byte", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await withoutPicker(bob);
  const photo = asPhoto(await drawn(alice, "IMG_1.jpg", 400, 300, "image/jpeg"));
  await sendFiles(alice, photo, "", true);
  await expect(bob.getByTestId("picture")).toHaveCount(0);
  expect((await saved(bob, "IMG_1.jpg")).equals(photo.buffer)).toBe(true);
});

test("several are a gallery, through which one goes with keys", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server, { viewport: PHONE, colorScheme: "dark" });
  await inRussian(bob);
  const pictures = await Promise.all([1, 2, 3].map((name) => drawn(alice, `${name}.png`, 900, 300 * name)));
  await sendFiles(alice, pictures, "three of them");
  await expect(shown(alice)).toHaveCount(3);
  await expect(shown(bob)).toHaveCount(3);
  await picture(alice, "gallery-desk-light");
  await picture(bob, "gallery-phone-dark-ru");
  await expectNoSeriousFinding(bob);

  await bob.getByTestId("picture").first().getByRole("button").click();
  const viewer = bob.getByTestId("viewer");
  await expect(viewer).toContainText("Изображение 1 из 3");
  await expect(bob.getByTestId("full")).toBeVisible();
  await picture(bob, "viewer-phone-dark-ru");
  await expectNoSeriousFinding(bob);
  await bob.keyboard.press("ArrowRight");
  await bob.keyboard.press("ArrowRight");
  await expect(viewer).toContainText("Изображение 3 из 3");
  await bob.keyboard.press("ArrowRight");
  await expect(viewer).toContainText("Изображение 3 из 3");
  await bob.keyboard.press("ArrowLeft");
  await expect(viewer).toContainText("Изображение 2 из 3");
  await bob.keyboard.press("+");
  await expect(bob.getByTestId("full")).toHaveCSS("transform", /matrix\(1\.5/);
  await bob.keyboard.press("Escape");
  await expect(viewer).toBeHidden();
  await expect(bob.getByTestId("picture").first().getByRole("button")).toBeFocused();
});

test("a swipe leads to the next picture", async ({ browser, server }) => {
  const { alice } = await talking(browser, server);
  await sendFiles(alice, await Promise.all([1, 2].map((name) => drawn(alice, `${name}.png`, 300, 300))));
  await expect(shown(alice)).toHaveCount(2);
  await alice.getByRole("button", { name: "Open 1.webp" }).click();
  const viewer = alice.getByTestId("viewer");
  await expect(viewer).toContainText("Picture 1 of 2");
  await picture(alice, "viewer-desk-light");
  await alice.mouse.move(800, 400);
  await alice.mouse.down();
  await alice.mouse.move(500, 410, { steps: 5 });
  await alice.mouse.up();
  await expect(viewer).toContainText("Picture 2 of 2");
});

test("a picture stays after a reload, also without a server", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await sendFiles(alice, await drawn(alice, "sea.png", 1600, 900));
  await expect(shown(bob)).toHaveCount(1);
  await Promise.all([alice.reload(), bob.reload()]);
  await expect(shown(alice)).toHaveCount(1);
  await server.cut();
  await bob.reload();
  await expect(shown(bob)).toHaveCount(1);
});

/** The page from now on in Russian, as if it had been chosen. */
async function inRussian(page: Page): Promise<void> {
  await page.evaluate(() => localStorage.setItem("sotto.language", "ru"));
  await page.reload();
}

const HOSTILE: Record<string, Buffer> = {
  svg: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="document.title='broken'"/>`),
  html: Buffer.from(`<!doctype html><script>document.title='broken'</script>`),
  bomb: bomb(),
  broken: Buffer.concat([bomb().subarray(0, 16), Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 6, 0, 0, 0, 1, 2, 3, 4])]),
  empty: Buffer.alloc(0),
};

test("M8, M12: hostile pictures are not shown, do not run, and do not hang anything", async ({ browser, server }) => {
  const alice = await newcomer(browser, server, "alice");
  const mallory = await Tab.open(await browser.newContext(), server, "mallory");
  await mallory.register();
  await mallory.call("startDirect", "alice", { text: "look at these" });
  const chat = await mallory.chatWith("alice");
  for (const [name, content] of Object.entries(HOSTILE)) {
    await mallory.page.evaluate(
      async ({ chat, name, content }) => {
        const bytes = Uint8Array.from(content);
        const picture = { width: 640, height: 480, blur: [...bytes].slice(0, 1024), animated: false };
        const file = { name: `${name}.png`, mediaType: "image/png", location: `held:${name}`, picture };
        await window.client.call("sendFiles", chat, window.draw(), { text: name }, [file], [new Blob([bytes])]);
      },
      { chat, name, content: [...content] },
    );
  }
  await open(alice, "mallory");
  await alice.getByRole("button", { name: "Accept" }).click();
  await expect(alice.getByTestId("picture")).toHaveCount(Object.keys(HOSTILE).length);
  for (const one of await alice.getByTestId("picture").all()) {
    // What still comes takes a reader who has not left the end back to it.
    await expect(async () => {
      await one.scrollIntoViewIfNeeded();
      await expect(one).toHaveAttribute("data-state", "none", { timeout: 2_000 });
    }).toPass();
  }
  await expect(alice.locator("[data-testid=picture] img")).toHaveCount(0);
  await expect(alice).toHaveTitle(/Sotto/);
  await alice.getByTestId("picture").first().getByRole("button").click();
  await expect(alice.getByRole("alert").filter({ hasText: "cannot be shown as a picture" })).toBeVisible();
  await picture(alice, "viewer-hostile-desk-light");
  await alice.keyboard.press("Escape");
  await say(alice, "nice try");
  await expect(alice.getByTestId("message").last()).toContainText("nice try");
});
