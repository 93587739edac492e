// Finding one's way: search, the list with its shelves, the palette, shortcuts, notifications.
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { choose, DESK, message, NARROWEST, open, PHONE, say, talking, texts } from "./harness/people.ts";

test("what was said is found, in all chats and in one", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  for (const text of ["the owl flies at night", "a day without birds", "two OWLS in a tree", "nothing else"]) {
    await say(alice, text);
  }
  await expect(texts(bob)).toHaveCount(5);
  await bob.keyboard.press("Escape");
  await expect(bob.getByTestId("conversation")).toBeHidden();

  await bob.keyboard.press("/");
  await expect(bob.getByTestId("new-chat").getByRole("textbox")).toBeFocused();
  await bob.keyboard.type("owl");
  const hits = bob.getByTestId("hit");
  await expect(hits).toHaveCount(2);
  await expect(hits.first().locator("mark")).toHaveText("OWL");
  await picture(bob, "search-desk-light");
  await expectNoSeriousFinding(bob);
  await hits.last().click();
  await expect(message(bob, "the owl flies")).toBeFocused();
  await expect(message(bob, "the owl flies").locator("mark")).toHaveText("owl");
  await bob.getByRole("button", { name: "Clear the search" }).click();
  await expect(bob.getByTestId("chats")).toBeVisible();

  await bob.keyboard.press("ControlOrMeta+f");
  const search = bob.getByTestId("chat-search");
  await expect(search.getByRole("searchbox")).toBeFocused();
  await bob.keyboard.type("owl");
  await expect(search.getByRole("status")).toHaveText("1 of 2");
  await bob.keyboard.press("Enter");
  await expect(search.getByRole("status")).toHaveText("2 of 2");
  await expect(bob.locator("mark")).toHaveCount(2);
  await picture(bob, "search-in-chat-desk-light");
  await search.getByRole("searchbox").fill("walrus");
  await expect(search.getByRole("status")).toHaveText("Nothing found");
  await bob.keyboard.press("Escape");
  await expect(search).toBeHidden();
});

test("chats are pinned, muted, filed, put away; drafts stay", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server, { viewport: PHONE, colorScheme: "dark" });
  await alice.getByLabel("Write a message").fill("not finished");
  await open(alice, "Saved messages");
  const row = alice.getByTestId("chat").filter({ hasText: "bob" });
  await expect(row).toContainText("Draft: not finished");
  await say(alice, "note to self");
  await expect(alice.getByTestId("chat").first()).toContainText("Saved messages");

  await choose(alice, row, "Pin to the top");
  await expect(alice.getByTestId("chat").first()).toContainText("bob");
  await choose(alice, row, "Mute");
  await expect(row.getByText("Muted")).toBeAttached();

  await choose(alice, row, "Folders of this chat");
  await alice.getByLabel("Name of a new folder").fill("Friends");
  await alice.getByRole("button", { name: "Add", exact: true }).click();
  await expect(alice.getByRole("checkbox", { name: "Friends" })).toBeChecked();
  await alice.keyboard.press("Escape");
  await alice.getByTestId("folders").getByRole("button", { name: "Friends" }).click();
  await expect(alice.getByTestId("chat")).toHaveCount(1);
  await picture(alice, "folders-desk-light");
  await expectNoSeriousFinding(alice);
  await alice.getByTestId("folders").getByRole("button", { name: "All" }).click();

  await choose(alice, row, "Move to the archive");
  await expect(alice.getByTestId("chat")).toHaveCount(1);
  await alice.getByRole("button", { name: "Archive (1)" }).click();
  await expect(alice.getByTestId("chat")).toContainText("bob");
  await choose(alice, alice.getByTestId("chat"), "Move out of the archive");
  await alice.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(alice.getByTestId("chat")).toHaveCount(2);

  await open(alice, "bob");
  await expect(alice.getByLabel("Write a message")).toHaveValue("not finished");
  await bob.getByRole("link", { name: "Back to the chats" }).click();
  await say(alice, "one more");
  await expect(bob.getByTestId("unread")).toBeVisible();
  await picture(bob, "list-phone-dark");
  await choose(bob, bob.getByTestId("chat").filter({ hasText: "alice" }), "Mark as read");
  await expect(bob.getByTestId("unread")).toBeHidden();
});

test("the palette goes anywhere, and the keys are listed", async ({ browser, server }) => {
  const { alice } = await talking(browser, server);
  await alice.keyboard.press("ControlOrMeta+k");
  const palette = alice.getByTestId("palette");
  await expect(palette.getByRole("combobox")).toBeFocused();
  await picture(alice, "palette-desk-light");
  await expectNoSeriousFinding(alice);
  await alice.keyboard.type("saved");
  await alice.keyboard.press("Enter");
  await expect(alice.getByRole("heading", { level: 1, name: "Saved messages" })).toBeVisible();
  await alice.getByRole("log").focus();
  await alice.keyboard.press("Alt+ArrowUp");
  await expect(alice.getByRole("heading", { level: 1, name: "bob" })).toBeVisible();
  await alice.getByRole("log").focus();
  await alice.keyboard.press("?");
  await expect(alice.getByTestId("keys")).toContainText("Ctrl");
  await picture(alice, "keys-desk-light");
  await expectNoSeriousFinding(alice);
  await alice.keyboard.press("Escape");
  await expect(alice.getByTestId("keys")).toBeHidden();
  await alice.keyboard.press("ControlOrMeta+k");
  await alice.keyboard.type("light or dark");
  await alice.keyboard.press("Enter");
  await expect(alice.locator("html")).toHaveAttribute("data-theme", "dark");
  await picture(alice, "chat-desk-dark");
});

test("news of other chats is shown here, and by the system only as much as is allowed", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server);
  await open(bob, "Saved messages");
  await say(alice, "are you there?");
  await expect(bob.getByTestId("news")).toContainText("are you there?");
  await picture(bob, "news-desk-light");
  await bob.getByTestId("news").getByRole("button", { name: "are you there?" }).click();
  await expect(message(bob, "are you there?")).toBeVisible();
  await expect(bob.getByTestId("news")).toBeHidden();

  // What the system is asked to show, while the person does not look at the page.
  await bob.context().grantPermissions(["notifications"]);
  await bob.evaluate(() => {
    const told: string[] = [];
    class Told extends EventTarget {
      static requestPermission = () => Promise.resolve("granted");
      constructor(title: string, { body }: { body: string }) {
        super();
        told.push(`${title}: ${body}`);
      }
    }
    Object.assign(window, { told, Notification: Told });
    Object.defineProperty(document, "hidden", { get: () => true });
  });
  const told = () => bob.evaluate(() => (window as unknown as { told: string[] }).told);
  const allow = async (how: string) => {
    await bob.getByRole("button", { name: "New", exact: true }).click();
    await bob.getByRole("menuitem", { name: "Notifications" }).click();
    await bob.getByRole("radio", { name: how, exact: true }).check();
    await picture(bob, "notifications-desk-light");
    await bob.keyboard.press("Escape");
  };
  await say(alice, "nobody hears this");
  await expect(message(bob, "nobody hears this")).toBeAttached();
  await allow("Who wrote");
  await say(alice, "a secret");
  await expect.poll(told).toEqual(["alice: New message"]);
  await allow("Who wrote, and what");
  await say(alice, "dinner at eight");
  await expect.poll(told).toEqual(["alice: New message", "alice: dinner at eight"]);
});

test("in Russian, on a phone, nothing is cut off", async ({ browser, server }) => {
  const { alice, bob } = await talking(browser, server, { viewport: NARROWEST });
  await bob.evaluate(() => localStorage.setItem("sotto.language", "ru"));
  await bob.reload();
  await expect(texts(bob)).toHaveText(["hello bob"]);
  await message(bob, "hello bob").click({ button: "right" });
  await expect(bob.getByRole("menuitem", { name: "Ответить" })).toBeVisible();
  await picture(bob, "message-menu-narrow-ru");
  await bob.keyboard.press("Escape");
  await bob.getByRole("button", { name: "Действия с чатом" }).click();
  await picture(bob, "chat-menu-narrow-ru");
  await bob.keyboard.press("Escape");
  await bob.keyboard.press("ControlOrMeta+f");
  await picture(bob, "chat-search-narrow-ru");
  const width = await bob.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(320);
  await alice.setViewportSize(DESK);
});
