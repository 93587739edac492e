// Builds the service worker last, because it has to know every file of the app with its hash.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type Plugin, type ResolvedConfig } from "vite";

const SOURCE = "src/sw/main.ts";
const NAME = "sw.js";
const PAGE = "index.html";

export function serviceWorker(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "sotto-service-worker",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    async closeBundle(error) {
      if (!error) await buildServiceWorker(config.root, resolve(config.root, config.build.outDir));
    },
  };
}

async function buildServiceWorker(root: string, folder: string): Promise<void> {
  const files = namesIn(folder)
    .filter((name) => name !== NAME)
    .map((name): [string, string] => [addressOf(name), integrity(join(folder, name))]);
  const shell = { build: digest(JSON.stringify(files)).toString("hex").slice(0, 16), files };
  await build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    define: { SHELL: JSON.stringify(shell) },
    build: {
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: { input: resolve(root, SOURCE), output: { format: "iife", entryFileNames: NAME } },
    },
  });
}

function namesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

/** The page has the address of the folder, so that keeping it never involves a redirect. */
function addressOf(name: string): string {
  return name === PAGE ? "/" : `/${name}`;
}

/** W3C Subresource Integrity, which `fetch` checks. */
function integrity(file: string): string {
  return `sha256-${digest(readFileSync(file)).toString("base64")}`;
}

function digest(content: string | Buffer): Buffer {
  return createHash("sha256").update(content).digest();
}
