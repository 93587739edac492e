// What people do with messages: answer, change, take back, react, pass on, pin.
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { begin, choose, message, newcomer, open, PHONE, say, talking, texts } from "./harness/people.ts";

test("answers, changes, deletions and reactions reach the other", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);

  await choose(bob, message(bob, "hello bob"), "Reply");
  await expect(bob.getByTestId("purpose")).toContainText("Reply to alice");
  await expect(bob.getByLabel("Write a message")).toBeFocused();
  await say(bob, "hello **yourself**");
  await expect(bob.getByTestId("purpose")).toBeHidden();
  const answer = message(alice, "hello yourself");
  await expect(answer.getByTestId("quotation")).toContainText("hello bob");
  await expect(answer.locator(".bold")).toHaveText("yourself");

  await answer.click({ button: "right" });
  await picture(alice, "message-menu-desk-light");
  await expectNoSeriousFinding(alice);
  await alice.getByRole("menuitemcheckbox", { name: "React with 👍" }).click();
  await expect(bob.getByTestId("reaction")).toHaveText("👍 1");
  await bob.getByTestId("reaction").click();
  await expect(alice.getByTestId("reaction")).toHaveText("👍 2");
  await expect(alice.getByTestId("reaction")).toHaveAttribute("title", /you/);
  await alice.getByTestId("reaction").click();
  await expect(bob.getByTestId("reaction")).toHaveText("👍 1");

  // The arrow in an empty field changes what one said last, as one would type it.
  await bob.getByLabel("Write a message").press("ArrowUp");
  await expect(bob.getByLabel("Write a message")).toHaveValue("hello **yourself**");
  await say(bob, "hello *again*");
  await expect(texts(alice).last()).toHaveText("hello again");
  await expect(alice.getByTestId("message").last()).toContainText("edited");

  await choose(alice, message(alice, "hello bob").first(), "Delete");
  await alice.getByTestId("sure").getByRole("button", { name: "Delete" }).click();
  await expect(bob.getByTestId("message").first()).toContainText("Message deleted");
  await message(bob, "hello again").click({ button: "right" });
  await bob.keyboard.press("Escape");
  await expect(bob.getByTestId("menu")).toBeHidden();
});

test("a search finds an emoji, and others' messages are not to be deleted", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await message(bob, "hello bob").click({ button: "right" });
  await expect(bob.getByRole("menuitem", { name: "Delete" })).toBeHidden();
  await expect(bob.getByRole("menuitem", { name: "Edit" })).toBeHidden();
  await bob.getByRole("menuitemcheckbox", { name: "More emoji" }).click();
  await bob.getByLabel("Search emoji").fill("rocket");
  await picture(bob, "emoji-desk-light");
  await expectNoSeriousFinding(bob);
  await bob.getByLabel("Search emoji").press("Enter");
  await expect(alice.getByTestId("reaction")).toHaveText("🚀 1");

  await bob.getByRole("button", { name: "Emoji", exact: true }).click();
  await bob.getByRole("button", { name: /^😀/ }).click();
  await expect(bob.getByLabel("Write a message")).toHaveValue("😀");
});

test("what is passed on says so, and not from whom", async ({ browser, server }) => {
  const { alice } = await talking(browser, server);
  const carol = await newcomer(browser, server, "carol");
  await begin(carol, "alice");
  await say(carol, "hi alice");
  await alice.getByTestId("chat").filter({ hasText: "carol" }).click();
  await alice.getByRole("button", { name: "Accept" }).click();
  await expect(alice.getByLabel("Write a message")).toBeVisible();
  await open(alice, "bob");
  await say(alice, "a *secret* of bob");
  await choose(alice, message(alice, "secret"), "Forward");
  await alice.getByTestId("forward").getByRole("searchbox").fill("car");
  await alice.getByTestId("forward").getByRole("button", { name: "carol" }).click();
  await expect(alice.getByTestId("note")).toContainText("carol");
  const passed = message(carol, "a secret of bob");
  await expect(passed).toContainText("Forwarded");
  await expect(passed.locator(".italic")).toHaveText("secret");
});

test("a pinned message is in sight for both, and leads to itself", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await choose(alice, message(alice, "hello bob"), "Pin");
  await expect(bob.getByTestId("pinned")).toContainText("hello bob");
  await bob.getByTestId("pinned").click();
  await expect(message(bob, "hello bob")).toBeFocused();
  await picture(bob, "pinned-desk-light");
  await choose(bob, message(bob, "hello bob"), "Unpin");
  await expect(alice.getByTestId("pinned")).toBeHidden();
});

test("everything is reached with keys alone", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await say(alice, "second");
  await expect(texts(bob)).toHaveCount(2);
  await bob.getByRole("log").focus();
  await bob.keyboard.press("ArrowUp");
  await expect(message(bob, "second")).toBeFocused();
  await bob.keyboard.press("ArrowUp");
  await expect(message(bob, "hello bob")).toBeFocused();
  await bob.keyboard.press("Enter");
  const menu = bob.getByTestId("menu");
  await expect(menu.getByRole("menuitem", { name: "Reply" })).toBeFocused();
  await bob.keyboard.press("ArrowDown");
  await bob.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(message(bob, "hello bob")).toBeFocused();
  await bob.keyboard.press("Enter");
  await bob.keyboard.press("Enter");
  await expect(bob.getByTestId("purpose")).toContainText("hello bob");
  await bob.getByLabel("Write a message").press("Escape");
  await expect(bob.getByTestId("purpose")).toBeHidden();
  // A menu is nearer than the chat below it, also when the focus has gone elsewhere.
  await message(bob, "hello bob").click({ button: "right" });
  await expect(menu.getByRole("menuitem", { name: "Reply" })).toBeFocused();
  await bob.getByLabel("Write a message").focus();
  await bob.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await expect(bob.getByTestId("conversation")).toBeVisible();
});

test("on a phone a finger that rests opens the menu", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server, {
    viewport: PHONE,
    hasTouch: true,
    isMobile: true,
    colorScheme: "dark",
  });
  const bubble = message(bob, "hello bob");
  const box = await bubble.boundingBox();
  const at = { clientX: (box?.x ?? 0) + 20, clientY: (box?.y ?? 0) + 20, pointerType: "touch", pointerId: 5 };
  await bubble.dispatchEvent("pointerdown", at);
  await expect(bob.getByTestId("menu")).toBeVisible();
  await picture(bob, "message-menu-phone-dark");
  await expectNoSeriousFinding(bob);
  await bob.getByRole("menuitemcheckbox", { name: "React with ❤️" }).click();
  await expect(alice.getByTestId("reaction")).toHaveText("❤️ 1");
  await picture(bob, "reaction-phone-dark");
});

test("typed marks become markup, and what is hidden is shown when touched", async ({ browser, server }) => {
  const page = await newcomer(browser, server, "alice", { colorScheme: "dark" });
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("menuitem", { name: "Saved messages" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Saved messages" })).toBeVisible();
  await say(
    page,
    "> a quote\nBuy:\n- milk\n- ~~bread~~\n```js\nlet a = **1**;\n```\nthe end is ||near||, https://sotto.example/x.",
  );
  const text = texts(page).last();
  await expect(text.locator(".quote")).toHaveText("a quote");
  await expect(text.getByRole("listitem")).toHaveText(["milk", "bread"]);
  await expect(text.locator(".code-block")).toHaveText("let a = **1**;");
  await expect(text.getByRole("link")).toHaveAttribute("href", "https://sotto.example/x");
  await picture(page, "markup-desk-dark");
  await text.getByRole("button", { name: /Hidden text/ }).click();
  await expect(text.locator(".spoiler")).toHaveText("near");

  const field = page.getByLabel("Write a message");
  await field.fill("make this bold");
  await field.press("Shift+ControlOrMeta+ArrowLeft");
  await field.press("ControlOrMeta+b");
  await expect(field).toHaveValue("make this **bold**");
});

test("M11: what was copied with markup is pasted as its text", async ({ browser, server }) => {
  const page = await newcomer(browser, server, "alice");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("menuitem", { name: "Saved messages" }).click();
  await page.evaluate(async () => {
    const as = (type: string, text: string) => new Blob([text], { type });
    const html = as("text/html", "<b onclick=\"alert(1)\">bold</b><img src='https://evil.example/x'>");
    const copied = { "text/html": html, "text/plain": as("text/plain", "<i>bold</i>") };
    await navigator.clipboard.write([new ClipboardItem(copied)]);
  });
  const field = page.getByLabel("Write a message");
  await field.press("ControlOrMeta+v");
  await expect(field).toHaveValue("<i>bold</i>");
  await field.press("Enter");
  await expect(texts(page).last()).toHaveText("<i>bold</i>");
  await expect(texts(page).last().locator("b, i, img")).toHaveCount(0);
});
