import { expect, it } from "vitest";
import { strengthOf } from "./strength.ts";

it.each([
  ["", "none"],
  ["abc", "weak"],
  ["aaaaaaaaaaaaaaaaaaaaaaaa", "weak"],
  ["1234567890", "weak"],
  ["qwertyuiop", "weak"],
  ["P4ssw0rd", "weak"],
  ["correct horse", "good"],
  ["correct horse battery staple", "strong"],
  ["Лошадь ест яблоки на лугу", "strong"],
  ["x7#Kp9!mQz", "good"],
])("%j is %s", (password, strength) => {
  expect(strengthOf(password)).toBe(strength);
});

it("counts the own name for nothing", () => {
  expect(strengthOf("alexandrina1", "alexandrina")).toBe("weak");
});
