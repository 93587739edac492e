// Makes pictures ready to be sent: decoded, turned as the camera was held, scaled, and encoded anew, so that nothing of what was written
// beside the picture (place, camera, owner) goes with it. A worker of its own, which can be ended when a picture is too much for it.
import type { PictureDone, PictureTask, Sized } from "../lib/files/picture-work.ts";

declare const self: DedicatedWorkerGlobalScope;

self.onmessage = async ({ data }: MessageEvent<PictureTask>) => {
  const made = await make(data).catch(() => undefined);
  const done: PictureDone = { id: data.id, made };
  self.postMessage(done);
};

async function make({ file, type }: PictureTask): Promise<NonNullable<PictureDone["made"]>> {
  // By what it is, not by what it is called.
  const bitmap = await createImageBitmap(file.slice(0, file.size, type), { imageOrientation: "from-image" });
  try {
    const picture = await encoded(bitmap, FULL_PX, FULL_QUALITY);
    const isLarge = Math.max(picture.width, picture.height) > THUMBNAIL_PX * 1.5;
    const thumbnail = isLarge ? await encoded(bitmap, THUMBNAIL_PX, THUMBNAIL_QUALITY) : undefined;
    return { picture, thumbnail, blur: await blurred(bitmap) };
  } finally {
    bitmap.close();
  }
}

/** A tiny picture; none if it cannot be made tiny enough. */
async function blurred(bitmap: ImageBitmap): Promise<number[]> {
  const { content } = await encoded(bitmap, BLUR_PX, BLUR_QUALITY);
  return content.size <= BLUR_MAX ? [...new Uint8Array(await content.arrayBuffer())] : [];
}

async function encoded(bitmap: ImageBitmap, longest: number, quality: number): Promise<Sized> {
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ];
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const webp = await canvas.convertToBlob({ type: "image/webp", quality });
  if (webp.type === "image/webp") return { content: webp, width, height };
  // Where WebP cannot be written: JPEG, which knows no transparency.
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return { content: await canvas.convertToBlob({ type: "image/jpeg", quality }), width, height };
}

/** Full HD, in either direction. */
const FULL_PX = 1920;
const FULL_QUALITY = 0.82;
const THUMBNAIL_PX = 640;
const THUMBNAIL_QUALITY = 0.7;
const BLUR_PX = 24;
const BLUR_QUALITY = 0.4;
/** As the protocol has it. */
const BLUR_MAX = 1024;
