import { expect, it } from "vitest";
import { addressOf, placeOf, SECTIONS } from "./place.ts";

const ID = "0123456789abcdef0123456789abcdef";

it("finds every place by its address", () => {
  for (const section of [undefined, ...SECTIONS]) {
    expect(placeOf(addressOf.settings(section))).toEqual({ type: "settings", section });
  }
  expect(placeOf(addressOf.verify(ID))).toEqual({ type: "verify", account: ID });
  expect(placeOf(addressOf.verified(ID))).toEqual({ type: "verified", chat: ID });
});

it.each(["", "#", `#chat/${ID}`, "#verify/", "#verify/bob", `#verify/${ID}0`, "#nowhere"])(
  "%s is the chats",
  (hash) => {
    expect(placeOf(hash)).toEqual({ type: "chats" });
  },
);

it("a section that there is not leads to all of them", () => {
  expect(placeOf("#settings/secrets")).toEqual({ type: "settings", section: undefined });
});
