// The worker of a tab. Of all tabs one worker owns the store, and does what the pages of all tabs ask for; the others hand on what their
// page asks, and wait to take over. Pages see what comes back, and nothing that is held here.
import { failureFrom } from "../lib/check/failure.ts";
import type { Call, FromWorker } from "../lib/client/protocol.ts";
import { loadCore } from "./core.ts";
import { Guest } from "./guest.ts";
import { openHouse } from "./host.ts";
import { becomeOwner, hold } from "./owner.ts";

declare const self: DedicatedWorkerGlobalScope;

const name = `sotto-worker-${crypto.randomUUID()}`;
const tell = (message: FromWorker) => self.postMessage(message);

self.addEventListener("error", ({ error }) => endAfter(error));
self.addEventListener("unhandledrejection", ({ reason }) => endAfter(reason));

try {
  await run();
} catch (thrown) {
  tell({ type: "broken", failure: failureFrom(thrown) });
  // A worker that has failed must not keep others from the store.
  self.close();
}

/** A panic of the core in between calls ends here. Its memory is not to be trusted any more. */
function endAfter(fault: unknown): void {
  if (fault instanceof WebAssembly.RuntimeError) self.close();
}

async function run(): Promise<void> {
  await hold(name);
  tell({ type: "alive", lock: name });
  await loadCore();

  const guest = new Guest(name, tell);
  self.onmessage = ({ data }: MessageEvent<Call>) => guest.ask(data);
  await becomeOwner(() => {
    if (!guest.isServed) tell({ type: "waiting" });
  });
  // What is asked while the store opens is asked again when it is open.
  self.onmessage = null;
  guest.leave();

  const house = await openHouse();
  const take = house.welcome(tell);
  self.onmessage = ({ data }: MessageEvent<Call>) => take(data);
}
