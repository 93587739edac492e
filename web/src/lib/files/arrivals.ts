// Waiting for files to come: who fetched one is told when it is here, or why it will not be.
import type { Change, Obstacle, Transfer } from "../../wasm/sotto_wasm_client.js";
import type { Client } from "../client/client.ts";

/** A file of a message, or its thumbnail. */
export interface Place {
  chat: string;
  event: string;
  place: number;
  thumbnail: boolean;
}

/** Why a file did not come. None if somebody gave it up. */
export class NotCome extends Error {
  readonly why: Obstacle | undefined;

  constructor(why: Obstacle | undefined) {
    super(why?.type ?? "given up");
    this.why = why;
  }
}

export class Arrivals {
  readonly #client: Client;
  readonly #waiting = new Map<number, Set<() => void>>();

  constructor(client: Client) {
    this.#client = client;
  }

  take(change: Change): void {
    if (change.type === "transfer") this.#waiting.get(change.transfer)?.forEach((look) => look());
  }

  /** Whoever did the work may have changed: what was told meanwhile is looked at. */
  lookAgain(): void {
    for (const looks of this.#waiting.values()) looks.forEach((look) => look());
  }

  /** Fetches a file, and resolves when it is here. `patient` waits also while something is in the way, until somebody clears it. */
  async fetch({ chat, event, place, thumbnail }: Place, patient: boolean): Promise<Transfer> {
    return this.#arrived(await this.#client.call("fetchFile", chat, event, place, thumbnail), patient);
  }

  /** All of a file that is here, a piece after the other. */
  async *pieces({ id, file: { size } }: Transfer): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (let offset = 0; offset < size;) {
      const piece = new Uint8Array(await this.#client.call("readFile", id, offset, PIECE_LEN));
      if (piece.length === 0) return;
      offset += piece.length;
      yield piece;
    }
  }

  /** All of a small file. None if it is larger than that. */
  async whole(at: Place, max: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const transfer = await this.fetch(at, false);
    if (transfer.file.size > max) return undefined;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of this.pieces(transfer)) pieces.push(piece);
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  #arrived(id: number, patient: boolean): Promise<Transfer> {
    return new Promise((resolve, reject) => {
      const end = (act: () => void) => {
        const looks = this.#waiting.get(id);
        looks?.delete(look);
        if (looks?.size === 0) this.#waiting.delete(id);
        act();
      };
      const judge = (transfer: Transfer | undefined) => {
        const stage = transfer?.stage;
        if (transfer && stage?.type === "done") end(() => resolve(transfer));
        else if (!stage) end(() => reject(new NotCome(undefined)));
        else if (stage.type === "stopped" && !patient) end(() => reject(new NotCome(stage.why)));
      };
      const fail = (thrown: Error) => end(() => reject(thrown));
      const look = () => void this.#client.call("transfer", id).then(judge).catch(fail);
      this.#waiting.set(id, (this.#waiting.get(id) ?? new Set()).add(look));
      look();
    });
  }
}

export const PIECE_LEN = 1 << 20;
