// The service worker: keeps the app, and only the app, on the device, so that it opens with no server in reach.
//
// A build is kept whole or not at all: installing checks the hash of every file, and nothing is added later. Responses
// are kept with their headers, so the content security policy holds offline as well.
import { isSave, SAVE_PATH } from "../lib/files/save-protocol.ts";
import { HASHED, route } from "./route.ts";
import { offer, taken } from "./save.ts";

declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: the files of the app with their hashes. `/` is the page itself. */
declare const SHELL: { build: string; files: [path: string, integrity: string][] };

const { build, files } = SHELL;
const CACHE = `sotto-shell-${build}`;
const FILES: ReadonlySet<string> = new Set(files.map(([path]) => path));
/** The previous build stays for pages that are still open on it. */
const BUILDS_KEPT = 2;
/** How long a navigation waits for a server before the page on the device is shown. */
const PATIENCE_MS = 2500;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const kind = route(event.request, self.location.origin, FILES);
  if (kind === "page") event.respondWith(page(event.request));
  if (kind === "file") event.respondWith(file(event.request));
  if (kind === "save") event.respondWith(taken(new URL(event.request.url).pathname.slice(SAVE_PATH.length)));
});

// A page hands over a file to be saved. Or it names the script that it runs, and is told whether that is a part of this build.
self.addEventListener("message", ({ data, ports: [port] }) => {
  if (isSave(data) && port) offer(data, port);
  else port?.postMessage(FILES.has(String(data)));
});

async function install(): Promise<void> {
  await caches.delete(CACHE);
  const cache = await caches.open(CACHE);
  try {
    await Promise.all(files.map(([path, integrity]) => keep(cache, path, integrity)));
  } catch (thrown) {
    await caches.delete(CACHE);
    throw thrown;
  }
  await self.skipWaiting();
}

async function keep(cache: Cache, path: string, integrity: string): Promise<void> {
  const freshness = HASHED.test(path) ? "default" : "no-cache";
  // What the browser's own cache holds may be damaged; the second try goes around it.
  const response = await fetchWhole(path, integrity, freshness).catch(() => fetchWhole(path, integrity, "reload"));
  await cache.put(path, response);
}

/** Rejects unless exactly the file that was built arrives. */
async function fetchWhole(path: string, integrity: string, cache: RequestCache): Promise<Response> {
  const response = await fetch(path, { integrity, cache, redirect: "error" });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function activate(): Promise<void> {
  const builds = (await caches.keys()).filter((name) => name.startsWith("sotto-shell-"));
  const outdated = builds.filter((name) => name !== CACHE).slice(0, -(BUILDS_KEPT - 1));
  await Promise.all(outdated.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The server's page if it answers in time, and otherwise the one on the device. */
async function page(request: Request): Promise<Response> {
  const answer = fetch(request).catch(() => undefined);
  const prompt = await Promise.race([answer, pause(PATIENCE_MS)]);
  if (prompt && prompt.status < 500) return prompt;
  return (await kept("/")) ?? (await answer) ?? Response.error();
}

async function file(request: Request): Promise<Response> {
  const address = new URL(request.url).pathname;
  return (await kept(address)) ?? (await caches.match(address)) ?? fetch(request);
}

/** Opening a cache would make it anew after somebody has removed it. */
function kept(path: string): Promise<Response | undefined> {
  return caches.match(path, { cacheName: CACHE });
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resume) => setTimeout(() => resume(undefined), ms));
}
