// What the page and the worker that makes pictures say to each other. Types only: one side has a page, the other has none.

/** A picture to be made ready, and what it is by its first bytes. */
export interface PictureTask {
  id: number;
  file: Blob;
  type: string;
}

export interface Sized {
  content: Blob;
  width: number;
  height: number;
}

export interface PictureDone {
  id: number;
  /** None if the browser cannot decode it. */
  made: { picture: Sized; thumbnail: Sized | undefined; blur: number[] } | undefined;
}
