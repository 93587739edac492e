export type Reach = "unknown" | "reachable" | "unreachable";

const HEALTH = "/healthz";
const PATIENCE_MS = 4000;
/** How soon the server is asked again, by what it answered. */
const PAUSE_MS = { reachable: 30_000, unreachable: 5000 };

/** Whether the server answers. A browser that calls itself online may still be cut off from this one. */
export class Connection {
  reach = $state<Reach>("unknown");
  #next: ReturnType<typeof setTimeout> | undefined;

  /** Watches until the returned function is called. */
  watch(): () => void {
    const stop = new AbortController();
    const ask = () => void this.#ask(stop.signal);
    addEventListener("online", ask, { signal: stop.signal });
    addEventListener("offline", ask, { signal: stop.signal });
    ask();
    return () => {
      stop.abort();
      clearTimeout(this.#next);
    };
  }

  async #ask(stopped: AbortSignal): Promise<void> {
    clearTimeout(this.#next);
    const answered = await answers();
    if (stopped.aborted) return;
    this.reach = answered ? "reachable" : "unreachable";
    this.#next = setTimeout(() => void this.#ask(stopped), PAUSE_MS[this.reach]);
  }
}

async function answers(): Promise<boolean> {
  try {
    const response = await fetch(HEALTH, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok;
  } catch {
    return false;
  }
}
