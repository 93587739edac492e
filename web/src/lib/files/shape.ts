/** Gives an element the shape of a picture before it is loaded. Extremes are cut off at the sides. */
export function shaped(width: number, height: number): (element: HTMLElement) => void {
  const shape = Math.min(Math.max(width / height, NARROWEST), WIDEST);
  return (element) => element.style.setProperty("--shape", shape.toFixed(4));
}

const NARROWEST = 0.4;
const WIDEST = 2.5;
