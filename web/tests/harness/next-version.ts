// Makes a middlebox serve the same app as if it were a later version: another page, another name for the page's script,
// another build in the service worker. Everything else is the real thing.
import { createHash } from "node:crypto";
import type { Middlebox } from "./middlebox.ts";

const SCRIPT = /\/assets\/index-[\w-]+?(?<version>_v\d+)?\.js/g;

export async function serveVersion(middlebox: Middlebox, version: number): Promise<void> {
  const response = await fetch(middlebox.upstream);
  const page = laterPage(await response.text(), version);
  middlebox.redirect = (path) => path.replace(/_v\d+\.js$/, ".js");
  middlebox.fault = (answer, path) => {
    if (path === "/") answer.body = page;
    if (path === "/sw.js") answer.body = laterServiceWorker(answer.body, version, page);
    // What is the same for the server is not the same here.
    delete answer.headers["etag"];
  };
}

function laterPage(text: string, version: number): Buffer {
  return Buffer.from(rename(text, version).replace("</head>", `<meta name="version" content="${version}"></head>`));
}

function laterServiceWorker(script: Buffer, version: number, page: Buffer): Buffer {
  const hash = createHash("sha256").update(page).digest("base64");
  const text = rename(script.toString(), version)
    .replace(/(build:[`"'])/, `$1v${version}-`)
    .replace(/([`"']\/[`"'],[`"'])sha256-[^`"']+/, `$1sha256-${hash}`);
  return Buffer.from(text);
}

function rename(text: string, version: number): string {
  return text.replace(SCRIPT, (name) => name.replace(".js", `_v${version}.js`));
}
