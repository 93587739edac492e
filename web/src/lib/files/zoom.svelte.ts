// How a picture is held: how large, and where. By wheel, by keys, by one finger, by two, and by a quick double tap.

const SCALE_MAX = 8;
/** So far a finger goes before it means another picture. */
const SWIPE_PX = 60;

interface Point {
  x: number;
  y: number;
}

export class Zoom {
  scale = $state(1);
  #offset = $state.raw<Point>({ x: 0, y: 0 });
  readonly #onswipe: (by: number) => void;
  #fingers: Record<number, Point> = {};
  #begun: Point = { x: 0, y: 0 };

  /** `onswipe` is told of a swipe over a picture that is shown whole. */
  constructor(onswipe: (by: number) => void) {
    this.#onswipe = onswipe;
  }

  by(factor: number): void {
    this.scale = Math.min(SCALE_MAX, Math.max(1, this.scale * factor));
    this.#offset = this.scale === 1 ? { x: 0, y: 0 } : this.#offset;
  }

  reset(): void {
    this.scale = 1;
    this.#offset = { x: 0, y: 0 };
  }

  /** Where the picture lies is where fingers and wheel are heard. */
  readonly attach = (stage: HTMLElement): (() => void) => {
    const stop = new AbortController();
    const { signal } = stop;
    stage.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    stage.addEventListener("dblclick", () => (this.scale > 1 ? this.reset() : this.by(2.5)), { signal });
    stage.addEventListener("pointerdown", (event) => this.#down(event, stage), { signal });
    stage.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const end of ["pointerup", "pointercancel"] as const)
      stage.addEventListener(end, (event) => this.#up(event), { signal });
    return () => stop.abort();
  };

  /** The picture itself. */
  readonly moved = (picture: HTMLElement): void => {
    const { x, y } = this.#offset;
    picture.style.setProperty("transform", `translate(${x}px, ${y}px) scale(${this.scale})`);
  };

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.by(event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }

  #down(event: PointerEvent, stage: HTMLElement): void {
    stage.setPointerCapture(event.pointerId);
    this.#fingers[event.pointerId] = pointOf(event);
    this.#begun = pointOf(event);
  }

  #move(event: PointerEvent): void {
    const { [event.pointerId]: before, ...others } = this.#fingers;
    if (!before) return;
    const now = pointOf(event);
    const [other] = Object.values(others);
    this.#fingers[event.pointerId] = now;
    if (other) this.by(apart(now, other) / Math.max(apart(before, other), 1));
    else if (this.scale > 1)
      this.#offset = { x: this.#offset.x + now.x - before.x, y: this.#offset.y + now.y - before.y };
  }

  #up(event: PointerEvent): void {
    const { [event.pointerId]: own, ...others } = this.#fingers;
    this.#fingers = others;
    const wasAlone = own !== undefined && Object.keys(others).length === 0;
    const across = event.clientX - this.#begun.x;
    const isSwipe = Math.abs(across) > SWIPE_PX && Math.abs(across) > 2 * Math.abs(event.clientY - this.#begun.y);
    if (event.type === "pointerup" && wasAlone && this.scale === 1 && isSwipe) this.#onswipe(across < 0 ? 1 : -1);
  }
}

function pointOf({ clientX: x, clientY: y }: PointerEvent): Point {
  return { x, y };
}

function apart(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
