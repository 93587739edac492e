// Pictures as the core takes them: one byte of brightness a point, row by row.

export interface Picture {
  width: number;
  brightness: Uint8Array;
}

type Source = HTMLVideoElement | ImageBitmap;

/** Codes on a screen fill a good part of what a camera sees; finer points only cost time. */
const CAMERA_SIDE = 800;
/** A photograph may have been taken from farther away. */
const FILE_SIDE = 1800;

/** What a camera sees now; nothing as long as it does not see yet. */
export function pictureOf(video: HTMLVideoElement): Picture | undefined {
  if (video.videoWidth === 0) return undefined;
  return scaled(video, video.videoWidth, video.videoHeight, CAMERA_SIDE);
}

/** Rejects what is no picture. */
export async function pictureIn(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file);
  const picture = scaled(bitmap, bitmap.width, bitmap.height, FILE_SIDE);
  bitmap.close();
  return picture;
}

function scaled(source: Source, sourceWidth: number, sourceHeight: number, side: number): Picture {
  const scale = Math.min(1, side / Math.max(sourceWidth, sourceHeight));
  const [width, height] = [Math.max(1, Math.round(sourceWidth * scale)), Math.max(1, Math.round(sourceHeight * scale))];
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  // What is transparent lies on paper.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return { width, brightness: brightnessOf(context.getImageData(0, 0, width, height).data) };
}

/** Rec. 601, in whole numbers. */
export function brightnessOf(colours: Uint8ClampedArray): Uint8Array {
  const brightness = new Uint8Array(colours.length / 4);
  for (let point = 0; point < brightness.length; point += 1) {
    const [red = 0, green = 0, blue = 0] = colours.subarray(4 * point, 4 * point + 3);
    brightness[point] = (299 * red + 587 * green + 114 * blue) / 1000;
  }
  return brightness;
}
