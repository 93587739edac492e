import type { Transfer } from "../../wasm/sotto_wasm_client.js";
import { offer } from "../app/files.ts";
import { type Arrivals, NotCome, type Place } from "./arrivals.ts";
import { stream } from "./save-stream.ts";

/** What can go wrong beside the way of the file, which its bubble tells of. */
export type SavingTrouble = "too-large-here" | "disk" | "failed";

/** Files on their way from here to where the person wants them. Never more than a piece of one is in memory. */
export class Saving {
  /** What the last one failed with. */
  trouble = $state<SavingTrouble>();
  readonly #arrivals: Arrivals;

  constructor(arrivals: Arrivals) {
    this.#arrivals = arrivals;
  }

  /** Asks where to, fetches the file if it is not here, and writes it there. To be called where the person has just pressed something. */
  async save(at: Place, name: string): Promise<void> {
    this.trouble = undefined;
    try {
      const target = await chosenTarget(name);
      if (target === "nowhere") return;
      const transfer = await this.#arrivals.fetch(at, true);
      if (target) await this.#write(transfer, target);
      else await this.#hand(transfer, name);
    } catch (thrown) {
      this.trouble = troubleOf(thrown);
    }
  }

  async #write(transfer: Transfer, target: FileSystemFileHandle): Promise<void> {
    const writable = await target.createWritable();
    try {
      let written = 0;
      for await (const piece of this.#arrivals.pieces(transfer)) {
        await writable.write(piece);
        written += piece.length;
      }
      if (written !== transfer.file.size) throw new Error("what is here is not whole");
      await writable.close();
    } catch (thrown) {
      await writable.abort().catch(() => {});
      throw thrown;
    }
  }

  /** Where a page cannot write: the browser fetches it from the service worker, or from memory if it is small. */
  async #hand(transfer: Transfer, name: string): Promise<void> {
    if (await stream(name, transfer.file.size, () => this.#arrivals.pieces(transfer))) return;
    if (transfer.file.size > IN_MEMORY_MAX) {
      this.trouble = "too-large-here";
      return;
    }
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of this.#arrivals.pieces(transfer)) pieces.push(piece);
    // No browser shows what has this type.
    offer(new Blob(pieces, { type: "application/octet-stream" }), name);
  }
}

type Picker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/** None in a browser whose pages cannot ask. */
async function chosenTarget(name: string): Promise<FileSystemFileHandle | "nowhere" | undefined> {
  const { showSaveFilePicker: pick } = window as { showSaveFilePicker?: Picker };
  if (!pick) return undefined;
  try {
    return await pick.call(window, { suggestedName: name });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") return "nowhere";
    // A name that the system does not want, or no right to ask: the browser's own way takes both.
    return undefined;
  }
}

function troubleOf(thrown: unknown): SavingTrouble | undefined {
  // That is told where the file is.
  if (thrown instanceof NotCome) return undefined;
  return thrown instanceof DOMException && thrown.name === "QuotaExceededError" ? "disk" : "failed";
}

/** A browser without a service worker gets files up to here. */
export const IN_MEMORY_MAX = 64 << 20;
