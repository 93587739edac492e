// Which requests the service worker answers, as a pure function.

import { SAVE_PATH } from "../lib/files/save-protocol.ts";

/** `network`: not ours to answer. `page`: a navigation. `file`: a part of the app. `save`: what a page has to be saved. */
export type Route = "network" | "page" | "file" | "save";

/** Calls, the health check and the socket: never answered from a cache, never kept. */
const SERVICES = /^\/(sotto\.v1\.|healthz$|ws$)/;

/** Content-hashed names: an address means the same bytes for ever. */
export const HASHED = /^\/assets\//;

type Asked = Pick<Request, "method" | "mode" | "url">;

export function route(asked: Asked, origin: string, files: ReadonlySet<string>): Route {
  const address = new URL(asked.url);
  if (asked.method !== "GET" || address.origin !== origin || SERVICES.test(address.pathname)) return "network";
  if (address.pathname.startsWith(SAVE_PATH)) return "save";
  if (asked.mode === "navigate") return "page";
  return files.has(address.pathname) || HASHED.test(address.pathname) ? "file" : "network";
}
