// Groups: who is in them, who may do what there, and being called by name.
import { expect, test } from "./harness/fixtures.ts";
import { expectNoSeriousFinding, picture } from "./harness/look.ts";
import { begin, choose, message, newcomer, open, PHONE, say, talking, texts } from "./harness/people.ts";

test("a group is made, talks, changes its roles, and loses a member", async ({ browser, server }) => {
  test.setTimeout(240_000);
  const { alice, bob } = await talking(browser, server);
  const carol = await newcomer(browser, server, "carol", { viewport: PHONE, colorScheme: "dark" });

  await alice.getByRole("button", { name: "New", exact: true }).click();
  await alice.getByRole("menuitem", { name: "New group" }).click();
  const form = alice.getByTestId("new-group");
  await form.getByLabel("Name of the group").fill("Chess club");
  await form.getByRole("checkbox", { name: "bob" }).check();
  await form.getByLabel("User name").fill("carol");
  await form.getByLabel("User name").press("Enter");
  await expect(form.getByTestId("chosen").getByRole("button")).toHaveCount(2);
  await picture(alice, "new-group-desk-light");
  await expectNoSeriousFinding(alice);
  await form.getByRole("button", { name: "Create group" }).click();
  await expect(alice.getByRole("heading", { level: 1, name: "Chess club" })).toBeVisible();
  await expect(alice.getByTestId("conversation")).toContainText("3 members");

  // Carol does not know who asks her; Bob does.
  await open(bob, "Chess club");
  await open(carol, "Chess club");
  await carol.getByRole("button", { name: "Accept" }).click();
  for (const page of [bob, carol]) await expect(page.getByLabel("Write a message")).toBeVisible();

  // Somebody is called by name, who looks elsewhere.
  await carol.getByRole("link", { name: "Back to the chats" }).click();
  const field = alice.getByLabel("Write a message");
  await field.pressSequentially("well played @ca");
  await expect(alice.getByTestId("mentions").getByRole("option")).toHaveCount(1);
  await picture(alice, "mentions-desk-light");
  await field.press("Enter");
  await expect(field).toHaveValue("well played @carol ");
  await field.press("Enter");
  await expect(message(bob, "well played @carol")).toBeVisible();
  await expect(carol.getByTestId("mentions-mark")).toContainText("mentioned in 1 message");
  await picture(carol, "mention-phone-dark");
  await open(carol, "Chess club");
  await say(carol, "thank you");
  await expect(message(bob, "thank you")).toContainText("carol");
  await picture(bob, "group-desk-light");

  // An ordinary member is offered nothing that they may not do.
  await bob.getByRole("button", { name: "Chess club" }).click();
  const bobs = bob.getByTestId("group-info");
  await expect(bobs.getByTestId("members").getByRole("listitem")).toHaveCount(3);
  await expect(bobs.getByRole("button", { name: "Manage carol" })).toBeHidden();
  await expect(bobs.getByRole("button", { name: "Add people" })).toBeHidden();

  await alice.getByRole("button", { name: "Chess club" }).click();
  const info = alice.getByTestId("group-info");
  await info.getByRole("button", { name: "Manage bob" }).click();
  await picture(alice, "group-info-desk-light");
  await expectNoSeriousFinding(alice);
  await alice.getByRole("menuitem", { name: "Make an admin" }).click();
  await expect(bobs.getByRole("listitem").filter({ hasText: "bob" })).toContainText("Admin");
  await expect(bobs.getByRole("button", { name: "Manage carol" })).toBeVisible();
  await expect(bobs.getByRole("button", { name: "Manage alice" })).toBeHidden();

  await info.getByRole("button", { name: "Change name and description" }).click();
  await info.getByLabel("Name of the group").fill("Go club");
  await info.getByLabel("What it is about").fill("No chess here any more.");
  await info.getByRole("button", { name: "Save" }).click();
  await expect(bob.getByRole("heading", { level: 1, name: "Go club" })).toBeAttached();

  await bobs.getByRole("button", { name: "Manage carol" }).click();
  await bob.getByRole("menuitem", { name: "Remove from the group" }).click();
  await bob.getByTestId("sure").getByRole("button", { name: "Remove from the group" }).click();
  await expect(bobs.getByTestId("members").getByRole("listitem")).toHaveCount(2);
  await expect(carol.getByText("You are no longer in this chat.")).toBeVisible();
  await picture(carol, "removed-phone-dark");
  await bob.keyboard.press("Escape");
  await expect(bob.getByRole("log")).toContainText("bob removed carol");

  // Admins take back what others said; the others see who was left.
  await choose(bob, message(bob, "well played"), "Delete");
  await bob.getByTestId("sure").getByRole("button", { name: "Delete" }).click();
  await expect(message(alice, "Message deleted")).toBeVisible();

  await bob.getByRole("button", { name: "Go club" }).click();
  await expect(bobs).toContainText("No chess here any more.");
  await bobs.getByRole("button", { name: "Leave the group" }).click();
  await bob.getByTestId("sure").getByRole("button", { name: "Leave the group" }).click();
  await expect(bob.getByText("You are no longer in this chat.")).toBeVisible();
  await expect(info.getByTestId("members").getByRole("listitem")).toHaveCount(1);
});

test("whoever is not there is said not to be", async ({ browser, server }) => {
  const alice = await newcomer(browser, server, "alice");
  await alice.getByRole("button", { name: "New", exact: true }).click();
  await alice.getByRole("menuitem", { name: "New group" }).click();
  const form = alice.getByTestId("new-group");
  await form.getByLabel("Name of the group").fill("Alone");
  await form.getByLabel("User name").fill("nobody");
  await form.getByLabel("User name").press("Enter");
  await form.getByRole("button", { name: "Create group" }).click();
  await expect(alice.getByTestId("note")).toContainText("There is no such person");
  await say(alice, "is anybody here?");
  await expect(texts(alice)).toHaveText(["is anybody here?"]);
  await alice.getByTestId("new-chat").getByRole("textbox").fill("nobody");
  await alice.getByRole("button", { name: "Start a chat with @nobody" }).click();
  await expect(alice.getByTestId("new-chat")).toContainText("There is no such person");
  await alice.getByTestId("new-chat").getByRole("textbox").fill("");
  const bob = await newcomer(browser, server, "bob");
  await begin(bob, "alice");
});
