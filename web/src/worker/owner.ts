// One tab's worker owns the store. The browser gives the lock to the next in line when a tab closes, crashes or reloads.
import { CheckError } from "../lib/check/failure.ts";

const LOCK = "sotto-store";
/** A tab that reloads needs a moment to let go of the lock; that is not worth a message. */
const PATIENCE_MS = 400;
const FOREVER = new Promise<never>(() => {});

/** Resolves once this worker owns the store, and keeps it for as long as the worker lives. */
export async function becomeOwner(onHeldByOther: () => void): Promise<void> {
  // Absent outside secure contexts, and in old browsers.
  const locks: LockManager | undefined = navigator.locks;
  if (!locks) throw new CheckError("no-locks", "navigator.locks is undefined");

  const timer = setTimeout(onHeldByOther, PATIENCE_MS);
  try {
    await new Promise<void>((granted, refused) => {
      const hold = () => {
        granted();
        return FOREVER;
      };
      locks.request(LOCK, hold).catch(refused);
    });
  } finally {
    clearTimeout(timer);
  }
}
