import { failureFrom } from "../lib/check/failure.ts";

const ATTEMPTS = 20;
const PAUSE_MS = 200;

/**
 * The browser closes the files of a worker that has ended a moment after it frees the worker's lock, so the new owner
 * may find them in use. It tries again for four seconds; after that, something else has them.
 */
export async function retryWhileInUse<T>(open: () => Promise<T>, pauseMs = PAUSE_MS): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open();
    } catch (thrown) {
      if (failureFrom(thrown).code !== "in-use" || attempt === ATTEMPTS) throw thrown;
      await new Promise((resume) => setTimeout(resume, pauseMs));
    }
  }
}
