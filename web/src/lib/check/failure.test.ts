import { describe, expect, it } from "vitest";
import { CheckError, describe as text, failureFrom } from "./failure.ts";

describe("a failure", () => {
  it("keeps the code that our own code gave it", () => {
    const thrown = new CheckError("core-missing", "core.wasm: 404");
    expect(failureFrom(thrown)).toEqual({ code: "core-missing", detail: "core.wasm: 404" });
  });

  it.each(["no-opfs", "in-use", "key-lost", "damaged", "full", "newer", "failed"])("takes %s from the core", (code) => {
    expect(failureFrom({ code, message: "why" })).toEqual({ code, detail: "why" });
  });

  it("names a trap in the core a crash", () => {
    const trap = new WebAssembly.RuntimeError("unreachable");
    expect(failureFrom(trap)).toEqual({ code: "core-crashed", detail: "RuntimeError: unreachable" });
  });

  it.each([
    [new TypeError("x is not a function"), "TypeError: x is not a function"],
    ["a string", "a string"],
    [undefined, "[object Undefined]"],
    [null, "[object Null]"],
    [{ code: "made-up", message: "why" }, "[object Object]"],
    [{ code: "toString", message: "why" }, "[object Object]"],
    [{ code: "full", message: 7 }, "[object Object]"],
    [Object.create(null), "[object Object]"],
  ])("has no name for %o", (thrown, detail) => {
    expect(failureFrom(thrown)).toEqual({ code: "failed", detail });
  });
});

describe("the text for a report", () => {
  it("names the kind of an exception", () => {
    expect(text(new RangeError("too far"))).toBe("RangeError: too far");
  });
});
