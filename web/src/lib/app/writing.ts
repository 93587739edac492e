// What happens to a text while somebody types it. Plain data in, plain data out.

/** A text and what of it is selected. */
export interface Written {
  text: string;
  start: number;
  end: number;
}

export interface Calling {
  /** What was typed of a name so far, without the at sign. */
  typed: string;
  from: number;
}

/** The name that somebody is about to call, if the cursor is in one. */
export function callingAt(text: string, cursor: number): Calling | undefined {
  const match = /(?:^|[^\p{L}\p{N}])@([\w.]*)$/u.exec(text.slice(0, cursor));
  const [, typed] = match ?? [];
  return typed === undefined ? undefined : { typed, from: cursor - typed.length };
}

export interface Callable {
  account: string;
  name: string;
  userName: string;
}

/** Those who may be meant, by user name or by any word of the name. */
export function candidates<P extends Callable>(members: readonly P[], typed: string, max: number): P[] {
  const wanted = typed.toLowerCase();
  const fits = ({ name, userName }: P) =>
    userName !== "" &&
    (userName.startsWith(wanted) ||
      name
        .toLowerCase()
        .split(/\s+/)
        .some((word) => word.startsWith(wanted)));
  return members.filter(fits).slice(0, max);
}

/** The text with the name in full, and the cursor behind it. */
export function called(text: string, { typed, from }: Calling, userName: string): Written {
  const before = `${text.slice(0, from)}${userName} `;
  const cursor = before.length;
  return { text: before + text.slice(from + typed.length).replace(/^ /, ""), start: cursor, end: cursor };
}

/** Puts marks around what is selected, or takes them away where they are. */
export function wrapped({ text, start, end }: Written, mark: string): Written {
  const [before, inner, after] = [text.slice(0, start), text.slice(start, end), text.slice(end)];
  if (before.endsWith(mark) && after.startsWith(mark)) {
    const outer = before.slice(0, -mark.length);
    return { text: outer + inner + after.slice(mark.length), start: outer.length, end: outer.length + inner.length };
  }
  return { text: before + mark + inner + mark + after, start: start + mark.length, end: end + mark.length };
}

/** Something put in the place of what is selected. */
export function inserted({ text, start, end }: Written, piece: string): Written {
  const cursor = start + piece.length;
  return { text: text.slice(0, start) + piece + text.slice(end), start: cursor, end: cursor };
}
