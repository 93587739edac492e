/** Whoever has the lock of this name has the store of this browser. */
export const STORE_LOCK = "sotto-store";
