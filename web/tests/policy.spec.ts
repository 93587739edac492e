// N5: what a script that got into the page would run into.
import { expect, expectVerdict, test } from "./harness/fixtures.ts";

const POLICY = "content-security-policy";

test("N5: the app needs no policy of Trusted Types but its own", async ({ page, middlebox }) => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  middlebox.fault = ({ headers }) => {
    headers[POLICY] = String(headers[POLICY]).replace(/trusted-types sotto[^;]*/, "trusted-types sotto");
  };
  const answer = await page.goto(`${middlebox.url}/#check`);
  expect(await answer?.headerValue(POLICY)).toMatch(/require-trusted-types-for 'script'; trusted-types sotto$/);
  await expectVerdict(page, "ok");
  expect(complaints).toEqual([]);
});

test("N5: no string becomes markup, a worker, or a laxer policy", async ({ page, server }) => {
  await page.goto(`${server.url}/#check`);
  await expectVerdict(page, "ok");
  const refused = await page.evaluate(() => {
    const { trustedTypes } = window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): void } };
    const attempts: Record<string, () => void> = {
      markup: () => (document.body.innerHTML = "<img src=x>"),
      worker: () => new Worker("/assets/anything.js"),
      script: () => (document.createElement("script").src = "/assets/anything.js"),
      "second policy": () => trustedTypes.createPolicy("sotto", {}),
      "other policy": () => trustedTypes.createPolicy("other", {}),
    };
    return Object.entries(attempts).map(([name, attempt]) => {
      try {
        attempt();
        return `${name}: allowed`;
      } catch (thrown) {
        return `${name}: ${(thrown as Error).name}`;
      }
    });
  });
  expect(refused.filter((line) => !line.endsWith(": TypeError"))).toEqual([]);
});

test("N4: no other page can frame this one", async ({ page, server, middlebox }) => {
  // Another port is another origin; its page is the attacker's.
  middlebox.fault = (answer) => {
    answer.headers = { "content-type": "text/html" };
    answer.body = Buffer.from(`<iframe src="${server.url}/"></iframe>`);
  };
  const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  await page.goto(`${middlebox.url}/#check`);
  await refused;
  expect(page.frames().map((frame) => frame.url())).not.toContain(`${server.url}/`);
});
