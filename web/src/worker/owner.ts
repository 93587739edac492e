// One tab's worker owns the store. The browser gives the lock to the next in line when a tab closes, crashes or reloads.
import { CheckError } from "../lib/check/failure.ts";
import { STORE_LOCK } from "../lib/client/lock.ts";

/** A tab that reloads needs a moment to let go of the lock; that is not worth a message. */
const PATIENCE_MS = 400;
const FOREVER = new Promise<never>(() => {});

/** Resolves once this worker owns the store, and keeps it for as long as the worker lives. */
export async function becomeOwner(onHeldByOther: () => void): Promise<void> {
  const timer = setTimeout(onHeldByOther, PATIENCE_MS);
  try {
    await hold(STORE_LOCK);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves once this worker has the lock, and keeps it for as long as the worker lives. */
export async function hold(name: string): Promise<void> {
  await new Promise<void>((granted, refused) => {
    const keep = () => {
      granted();
      return FOREVER;
    };
    locks().request(name, keep).catch(refused);
  });
}

/** Resolves once nobody has the lock. */
export async function freed(name: string): Promise<void> {
  await locks().request(name, () => {});
}

function locks(): LockManager {
  // Absent outside secure contexts, and in old browsers.
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) throw new CheckError("no-locks", "navigator.locks is undefined");
  return locks;
}
