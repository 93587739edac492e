import type { Attachment } from "svelte/attachments";

const LONG_MS = 450;
const MOVED_PX = 10;

/** A finger that rests asks for what the other button of a mouse asks for, also where the system does not say so. */
export function longPress(act: (event: MouseEvent) => void): Attachment<HTMLElement> {
  return (element) => {
    const stop = new AbortController();
    const { signal } = stop;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let start: PointerEvent | undefined;
    const end = () => clearTimeout(timer);
    element.addEventListener(
      "pointerdown",
      (event) => {
        end();
        if (event.pointerType === "mouse") return;
        start = event;
        const { clientX, clientY } = event;
        timer = setTimeout(() => act(new MouseEvent("contextmenu", { clientX, clientY, detail: 1 })), LONG_MS);
      },
      { signal },
    );
    element.addEventListener(
      "pointermove",
      ({ clientX, clientY }) => {
        if (start && Math.hypot(clientX - start.clientX, clientY - start.clientY) > MOVED_PX) end();
      },
      { signal },
    );
    for (const type of ["pointerup", "pointercancel"] as const) element.addEventListener(type, end, { signal });
    return () => {
      end();
      stop.abort();
    };
  };
}
