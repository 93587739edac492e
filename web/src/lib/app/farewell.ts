// Going for good: what the browser keeps for this site is removed, after the worker that held it has ended.
import { STORE_LOCK } from "../client/lock.ts";

/** Whoever else has the store is ending too. If it does not, what can be removed is. */
const PATIENCE_MS = 3000;
/** A worker that was ended lets go of its files a moment later. */
const TRIES = 20;
const PAUSE_MS = 100;

/** Removes everything, and says whether nothing is left. */
export async function leaveNothing(): Promise<boolean> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const store = async () => (await settled(removeFiles)) && (await settled(removeDatabases));
  const storeIsGone = await navigator.locks.request(STORE_LOCK, { signal }, store).catch(store);
  let allIsGone = storeIsGone;
  // In this order: whoever serves the copies may still be making them.
  for (const work of [removeServiceWorkers, removeCopies, forgetChoices])
    allIsGone = (await settled(work)) && allIsGone;
  return allIsGone;
}

async function settled(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    // The person is told that something is left, and where to remove it.
    return false;
  }
}

async function removeFiles(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const names: string[] = [];
  for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
  for (const name of names) await patiently(() => root.removeEntry(name, { recursive: true }));
}

async function patiently(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; tries < TRIES; tries += 1) {
    try {
      return await work();
    } catch {
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  }
  return work();
}

async function removeDatabases(): Promise<void> {
  for (const { name } of await indexedDB.databases()) if (name) await patiently(() => removeDatabase(name));
}

function removeDatabase(name: string): Promise<void> {
  return new Promise((done, failed) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => done();
    request.onerror = () => failed(request.error ?? new Error(name));
    request.onblocked = () => failed(new Error(`${name} is in use`));
  });
}

async function removeCopies(): Promise<void> {
  for (const name of await caches.keys()) await caches.delete(name);
}

async function removeServiceWorkers(): Promise<void> {
  for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister();
}

async function forgetChoices(): Promise<void> {
  localStorage.clear();
  sessionStorage.clear();
}
