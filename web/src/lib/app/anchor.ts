// What one looks at stays where it is while things come and go above and below it.

export interface Anchor {
  key: string;
  top: number;
}

const rowsIn = (view: HTMLElement) => view.querySelectorAll<HTMLElement>("[data-key]");

/** The first row that is in sight, and how far from the top. */
export function anchorOf(view: HTMLElement): Anchor | undefined {
  const top = view.getBoundingClientRect().top;
  for (const row of rowsIn(view)) {
    const box = row.getBoundingClientRect();
    if (box.bottom > top) return { key: row.dataset["key"] ?? "", top: box.top };
  }
  return undefined;
}

/** Scrolls so that the row is where it was. */
export function hold(view: HTMLElement, anchor: Anchor): void {
  const row = rowOf(view, anchor.key);
  if (row) view.scrollTop += row.getBoundingClientRect().top - anchor.top;
}

export function rowOf(view: HTMLElement, key: string): HTMLElement | undefined {
  return view.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined;
}

/** The first row from a place of the log on. */
export function rowAt(view: HTMLElement, seq: number): HTMLElement | undefined {
  return [...rowsIn(view)].find((row) => Number(row.dataset["seq"] ?? -1) >= seq);
}

/** The last place of the log that is in sight. */
export function lastSeen(view: HTMLElement): number {
  const bottom = view.getBoundingClientRect().bottom;
  let seen = 0;
  for (const row of rowsIn(view)) {
    if (row.getBoundingClientRect().top > bottom - SEEN_PX) break;
    seen = Math.max(seen, Number(row.dataset["seq"] ?? 0));
  }
  return seen;
}

/** Of a message so much has to be in sight to have been seen. */
const SEEN_PX = 24;
