/** Long enough for a browser to have taken a file over. */
const KEPT_MS = 60_000;

/** Offers a file to be saved under a name. */
export function offer(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
