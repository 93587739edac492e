import { describe, expect, it } from "vitest";
import { Calls } from "./calls.ts";
import type { Call } from "./protocol.ts";

function office() {
  const posted: Call[] = [];
  const calls = new Calls((call) => posted.push(call));
  return { calls, posted, operations: () => posted.map((call) => call.operation) };
}

const MESSAGE = { text: "hello" };

describe("a call", () => {
  it("waits until somebody takes it", async () => {
    const { calls, operations } = office();
    const chats = calls.make("chats", []);
    expect(operations()).toEqual([]);
    calls.ready();
    expect(operations()).toEqual(["chats"]);
    calls.answered(1, []);
    await expect(chats).resolves.toEqual([]);
  });

  it("is asked again when its answer was lost and that does no harm", async () => {
    const { calls, posted } = office();
    calls.ready();
    const sent = calls.make("send", ["chat", "id", MESSAGE]);
    calls.away();
    calls.ready();
    expect(posted).toHaveLength(2);
    expect(posted[1]).toEqual(posted[0]);
    calls.answered(1, undefined);
    calls.answered(1, undefined);
    await expect(sent).resolves.toBeUndefined();
  });

  it("is told to have been interrupted when asking again might do it twice", async () => {
    const { calls, posted } = office();
    calls.ready();
    const left = calls.make("logOut", []);
    calls.ready();
    await expect(left).rejects.toMatchObject({ code: "interrupted" });
    expect(posted).toHaveLength(1);
  });

  it("is refused with the failure that it came to", async () => {
    const { calls } = office();
    calls.ready();
    const members = calls.make("members", ["no such chat"]);
    calls.refused(1, { code: "unusable", detail: "conversation_id" });
    await expect(members).rejects.toMatchObject({ failure: { code: "unusable" } });
  });

  it("is refused when nobody will ever take it", async () => {
    const { calls } = office();
    const chats = calls.make("chats", []);
    calls.giveUp({ code: "worker-crashed", detail: "" });
    await expect(chats).rejects.toMatchObject({ failure: { code: "worker-crashed" } });
  });
});
