import { describe, expect, it } from "vitest";
import { route } from "./route.ts";

const ORIGIN = "https://chat.example";
const FILES = new Set(["/", "/icon.svg", "/assets/index-1a2b.js"]);

function routed(path: string, asked: Partial<Pick<Request, "method" | "mode">> = {}): string {
  const url = new URL(path, ORIGIN).href;
  return route({ method: "GET", mode: "no-cors", url, ...asked }, ORIGIN, FILES);
}

describe("a request", () => {
  it("for a page goes to the server first", () => {
    expect(routed("/", { mode: "navigate" })).toBe("page");
    expect(routed("/chat/42?from=link", { mode: "navigate" })).toBe("page");
  });

  it("for a file to be saved is answered by the page that has it, and by nobody else", () => {
    expect(routed("/save/1a2b", { mode: "navigate" })).toBe("save");
    expect(routed("/save/1a2b", { mode: "navigate", method: "POST" })).toBe("network");
  });

  it("for a file of this build, or of another, is answered from the device", () => {
    expect(routed("/assets/index-1a2b.js")).toBe("file");
    expect(routed("/assets/index-of-yesterday.js")).toBe("file");
    expect(routed("/icon.svg")).toBe("file");
  });

  it.each(["/sotto.v1.AuthService/Login", "/sotto.v1.ConversationService/Append", "/healthz", "/ws"])(
    "to %s is left alone, whatever kind it is",
    (path) => {
      expect(routed(path)).toBe("network");
      expect(routed(path, { mode: "navigate" })).toBe("network");
    },
  );

  it("that only looks like a call is a page", () => {
    expect(routed("/wsx", { mode: "navigate" })).toBe("page");
    expect(routed("/healthz/more", { mode: "navigate" })).toBe("page");
  });

  it("that changes something is left alone", () => {
    for (const method of ["POST", "PUT", "DELETE", "HEAD"])
      expect(routed("/", { method, mode: "navigate" })).toBe("network");
  });

  it("to another origin is left alone", () => {
    expect(routed("https://elsewhere.example/assets/index-1a2b.js")).toBe("network");
    expect(routed("http://chat.example/", { mode: "navigate" })).toBe("network");
  });

  it("for anything else is left alone", () => {
    expect(routed("/sw.js")).toBe("network");
    expect(routed("/unknown.txt")).toBe("network");
  });
});
