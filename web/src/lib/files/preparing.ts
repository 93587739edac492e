// From what somebody chose to what is sent: pictures scaled and without what was written beside them, everything else byte for byte.
import type { NewPicture, NewSound } from "../../wasm/sotto_wasm_client.js";
import { startPictureWorker } from "../trusted.ts";
import { HEAD_LEN, isBearable, pictureHead, type PictureHead } from "./picture-head.ts";
import type { PictureDone, PictureTask } from "./picture-work.ts";
import type { Recorded } from "./recording.svelte.ts";

/** A file as it is sent. */
export interface Ready {
  name: string;
  mediaType: string;
  content: Blob;
  picture: NewPicture | undefined;
  thumbnail: Blob | undefined;
  sound?: NewSound;
}

/** What a file is by its first bytes, if it is a picture that can be shown. */
export async function lookAt(file: Blob): Promise<PictureHead | undefined> {
  const head = pictureHead(new Uint8Array(await file.slice(0, HEAD_LEN).arrayBuffer()));
  return head && isBearable(head) ? head : undefined;
}

/** The file as it is. */
export function untouched(file: File): Ready {
  return { name: file.name, mediaType: file.type, content: file, picture: undefined, thumbnail: undefined };
}

/** A recording as a voice message. */
export function spoken({ content, durationMs, waveform }: Recorded): Ready {
  const ending = { "audio/webm": "webm", "audio/ogg": "ogg", "audio/mp4": "m4a" }[content.type] ?? "bin";
  const sound = { durationMs, waveform, voice: true };
  const [name, mediaType] = [`voice.${ending}`, content.type];
  return { name, mediaType, content, picture: undefined, thumbnail: undefined, sound };
}

/** Makes files ready one after the other, for as long as it is open. */
export class Preparing {
  #worker: Worker | undefined;
  #last = 0;

  /** What moves, and what cannot be made ready, is sent as it is. */
  async prepare(file: File): Promise<Ready> {
    const head = await lookAt(file).catch(() => undefined);
    if (!head || head.animated) return untouched(file);
    const made = await this.#make({ id: (this.#last += 1), file, type: head.type });
    if (!made) return untouched(file);
    const { picture, thumbnail, blur } = made;
    return {
      name: renamed(file.name, picture.content.type),
      mediaType: picture.content.type,
      content: picture.content,
      picture: {
        width: picture.width,
        height: picture.height,
        blur,
        animated: false,
        ...(thumbnail && { thumbnail: [thumbnail.width, thumbnail.height] }),
      },
      thumbnail: thumbnail?.content,
    };
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }

  #make(task: PictureTask): Promise<PictureDone["made"]> {
    const worker = (this.#worker ??= startPictureWorker());
    return new Promise((resolve) => {
      const end = (made: PictureDone["made"]) => {
        worker.onmessage = worker.onerror = null;
        clearTimeout(timer);
        resolve(made);
      };
      const giveUp = () => {
        this.close();
        end(undefined);
      };
      const timer = setTimeout(giveUp, PATIENCE_MS);
      worker.onmessage = ({ data }: MessageEvent<PictureDone>) => data.id === task.id && end(data.made);
      worker.onerror = giveUp;
      worker.postMessage(task);
    });
  }
}

/** The name with the ending of what it has become. */
export function renamed(name: string, type: string): string {
  const stem = name.replace(/\.[^.]{1,5}$/, "");
  return `${stem || "picture"}.${type === "image/webp" ? "webp" : "jpg"}`;
}

/** A picture that takes longer is sent as a file. */
const PATIENCE_MS = 30_000;
