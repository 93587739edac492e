// The only addresses that this page may run as code. The browser enforces it: under `require-trusted-types-for 'script'`
// it takes a plain string for none of them, and under `trusted-types sotto` nobody can make a second, laxer policy.
import checkAddress from "../worker/check.ts?worker&url";
import workerAddress from "../worker/main.ts?worker&url";
import pictureAddress from "../worker/pictures.ts?worker&url";

const SERVICE_WORKER = "/sw.js";

export function startWorker(): Worker {
  return new Worker(trusted(workerAddress), { type: "module", name: "sotto" });
}

/** The worker that checks this browser, and does nothing else. */
export function startCheckWorker(): Worker {
  return new Worker(trusted(checkAddress), { type: "module", name: "sotto check" });
}

/** The worker that makes pictures ready to be sent. It knows nothing else. */
export function startPictureWorker(): Worker {
  return new Worker(trusted(pictureAddress), { type: "module", name: "sotto pictures" });
}

export function registerServiceWorker(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(trusted(SERVICE_WORKER));
}

/** Trusted Types (W3C) as far as they are needed here; TypeScript does not know them yet. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL: Trust };
}
type Trust = (address: string) => string;

const trusted: Trust = makePolicy();

function makePolicy(): Trust {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return allowed;
  const policy = trustedTypes.createPolicy("sotto", { createScriptURL: allowed });
  return (address) => policy.createScriptURL(address);
}

function allowed(address: string): string {
  if ([workerAddress, checkAddress, pictureAddress, SERVICE_WORKER].includes(address)) return address;
  throw new TypeError(`not a script of this app: ${address}`);
}
