// Keeping the app on the device. The service worker does the work; this waits for it and says whether it did.
import { CheckError, describe } from "./check/failure.ts";
import { registerServiceWorker } from "./trusted.ts";

/** Resolves when the app is kept on this device and this page would be served from there. */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) {
    throw new CheckError("offline-unsupported", "navigator.serviceWorker is undefined");
  }
  const registration = await registerServiceWorker().catch((thrown: unknown) => {
    throw new CheckError("offline-failed", describe(thrown));
  });
  const fresh = registration.installing;
  if (fresh && !registration.active) await installed(fresh);
  await navigator.serviceWorker.ready;
}

/** Whether this page was there before the app it belongs to was replaced by a newer one. */
export async function isOutdated(controller: ServiceWorker): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  const isCurrent = await new Promise<boolean>((answered) => {
    port1.onmessage = ({ data }) => answered(data === true);
    controller.postMessage(new URL(import.meta.url).pathname, [port2]);
  });
  port1.close();
  return !isCurrent;
}

/** A service worker that cannot fetch all of its files is thrown away by the browser. */
function installed(worker: ServiceWorker): Promise<void> {
  return new Promise((kept, refused) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "redundant")
        refused(new CheckError("offline-failed", "the files of the app did not arrive"));
      if (worker.state === "installed" || worker.state === "activated") kept();
    });
  });
}
