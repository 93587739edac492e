// What somebody drops, pastes or chooses, as files to be sent.

/** So many go in one message. */
export const TOGETHER_MAX = 20;
/** The largest file that the protocol knows: 15 GiB. */
export const FILE_MAX = 16_106_127_360;

/** The files among what is dropped or pasted. */
export function filesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])];
}

/** Whether files are about to be dropped, and not a piece of text. */
export function bringsFiles(data: DataTransfer | null): boolean {
  return data?.types.includes("Files") ?? false;
}

/** As many messages as are needed. */
export function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / TOGETHER_MAX);
  return Array.from({ length: count }, (_, at) => items.slice(at * TOGETHER_MAX, (at + 1) * TOGETHER_MAX));
}

/** Folders cannot be read as files. */
export async function isReadable(file: File): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
