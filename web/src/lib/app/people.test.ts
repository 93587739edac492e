import { expect, it } from "vitest";
import type { Change, Member } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";
import { en } from "../i18n/en.ts";
import { addPeople, byRank, hindranceOf, isBelow, startGroup } from "./people.ts";

const member = (name: string, standing: Member["standing"]) => ({ name, standing }) as Member;

function clerk() {
  const asked: unknown[][] = [];
  const call = (...args: unknown[]) => {
    asked.push(args);
    return Promise.resolve("chat");
  };
  return { client: { call } as unknown as Client, asked };
}

it("whoever is known is in from the beginning, the others are looked for", async () => {
  const { client, asked } = clerk();
  await expect(startGroup(client, "Club", [{ account: "1", name: "bob" }, { name: "dave" }])).resolves.toBe("chat");
  expect(asked).toEqual([
    ["startGroup", "Club", ["1"]],
    ["invite", "chat", "dave"],
  ]);
});

it("nobody is added where only names are given", async () => {
  const { client, asked } = clerk();
  await addPeople(client, "chat", [{ name: "dave" }]);
  expect(asked).toEqual([["invite", "chat", "dave"]]);
});

it("owners stand above admins, and these above members", () => {
  const [zoe, adam, bob, olga] = [
    member("zoe", "member"),
    member("adam", "member"),
    member("bob", "admin"),
    member("olga", "owner"),
  ];
  expect(byRank([zoe, adam, bob, olga])).toEqual([olga, bob, adam, zoe]);
  expect(isBelow(bob, olga)).toBe(true);
  expect(isBelow(zoe, adam)).toBe(false);
  expect(isBelow(zoe, undefined)).toBe(false);
});

it("says why somebody could not be added", () => {
  const failed = (attempt: string, why: string) =>
    ({ type: "failed", attempt: { type: attempt }, why: { type: why } }) as Change;
  expect(hindranceOf(failed("find", "nobody-there"), en)).toBe(en.group.notFound);
  expect(hindranceOf(failed("change", "not-allowed"), en)).toBe(en.group.notAllowed);
  expect(hindranceOf(failed("leave", "only-owner"), en)).toBe(en.group.onlyOwner);
  expect(hindranceOf(failed("change", "nobody-there"), en)).toBe(en.group.nobodyThere);
  expect(hindranceOf(failed("sign-in", "wrong-password"), en)).toBeUndefined();
  expect(hindranceOf({ type: "chats" }, en)).toBeUndefined();
});
