import { describe, expect, it } from "vitest";
import type { FromWorker } from "./protocol.ts";
import { apply, crash, freshProgress, STEPS, verdictOf, type Progress, type StepName } from "./steps.ts";

const OK = { state: "ok", elapsedMs: 1 } as const;

function allPassed(): Progress {
  const progress = freshProgress();
  for (const name of STEPS) progress.steps[name] = OK;
  return progress;
}

function after(...messages: FromWorker[]): Progress {
  const progress = freshProgress();
  for (const message of messages) apply(progress, message);
  return progress;
}

function failing(step: StepName): Progress {
  const progress = allPassed();
  progress.steps[step] = { state: "failed", failure: { code: "failed", detail: "" } };
  return progress;
}

describe("what the worker says", () => {
  it("moves one step and no other", () => {
    const { steps } = after({ type: "running", step: "core" });
    expect(steps.core).toEqual({ state: "running" });
    expect(Object.values(steps).filter((step) => step.state === "waiting")).toHaveLength(STEPS.length - 1);
  });

  it("changes nothing by starting", () => {
    expect(after({ type: "started" })).toEqual(freshProgress());
  });

  it("keeps what a step found when the step then fails", () => {
    const finding = [{ name: "x25519", passed: false }];
    const failure = { code: "primitive-wrong", detail: "x25519" } as const;
    const { steps, findings } = after(
      { type: "found", step: "primitives", finding },
      { type: "failed", step: "primitives", failure },
    );
    expect(steps.primitives).toEqual({ state: "failed", failure });
    expect(findings).toEqual({ primitives: finding });
  });

  it("lets a tab that was held go on", () => {
    const held: FromWorker = { type: "held", step: "tab" };
    expect(after(held).steps.tab).toEqual({ state: "waiting", held: true });
    expect(after(held, { type: "passed", step: "tab", elapsedMs: 3 }).steps.tab).toEqual({ state: "ok", elapsedMs: 3 });
  });
});

describe("a crash of the worker", () => {
  it("is the worker's failure, and leaves nothing under way", () => {
    const progress = after(
      { type: "passed", step: "core", elapsedMs: 5 },
      { type: "running", step: "primitives" },
      { type: "held", step: "tab" },
    );
    crash(progress, "out of memory");
    expect(progress.steps.worker).toEqual({
      state: "failed",
      failure: { code: "worker-crashed", detail: "out of memory" },
    });
    expect(progress.steps.core).toEqual({ state: "ok", elapsedMs: 5 });
    expect(progress.steps.primitives).toEqual({ state: "waiting" });
    expect(progress.steps.tab).toEqual({ state: "waiting" });
  });
});

describe("the verdict", () => {
  it("is fine only when every step is", () => {
    expect(verdictOf(allPassed().steps)).toBe("ok");
    for (const name of STEPS) {
      const progress = allPassed();
      progress.steps[name] = { state: "waiting" };
      expect(verdictOf(progress.steps), name).toBe("running");
    }
  });

  it("is a failure when a step failed, except for offline use, which is a limit", () => {
    for (const name of STEPS) {
      expect(verdictOf(failing(name).steps), name).toBe(name === "offline" ? "limited" : "failed");
    }
  });

  it("says that another tab has the store, and a failure before that", () => {
    const progress = allPassed();
    progress.steps.tab = { state: "waiting", held: true };
    expect(verdictOf(progress.steps)).toBe("held");
    progress.steps.context = failing("context").steps.context;
    expect(verdictOf(progress.steps)).toBe("failed");
  });
});
