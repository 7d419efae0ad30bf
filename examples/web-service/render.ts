/** The task: rows of a picture of the Mandelbrot set. Rank r of a gang has the rows r, r + size, … */
import { context } from 'shoal/worker';

/** A part of the plane, and how fine and how deep it is looked at. */
export interface View {
  readonly x: number;
  readonly y: number;
  /** Of the whole picture, on the plane. */
  readonly width: number;
  readonly columns: number;
  readonly rows: number;
  readonly iterations: number;
}

/** Brightness of this rank's pixels from 0 to 255, row after row. */
export default async function render(view: View): Promise<Uint8Array> {
  const { columns, rows, iterations } = view;
  const mine: number[] = [];
  for (let row = context.rank; row < rows; row += context.size) {
    await new Promise(setImmediate); // lets an abort through: the caller has gone, or the time is over
    context.signal.throwIfAborted();
    for (let column = 0; column < columns; column++) {
      const x = view.x + ((column - columns / 2) / columns) * view.width;
      const y = view.y + ((row - rows / 2) / columns) * view.width;
      const steps = stepsToEscape(x, y, iterations);
      mine.push(steps === iterations ? 0 : 255 - Math.round(255 * Math.sqrt(steps / iterations)));
    }
  }
  return Uint8Array.from(mine);
}

function stepsToEscape(x: number, y: number, most: number): number {
  let [a, b, steps] = [0, 0, 0];
  for (; a * a + b * b <= 4 && steps < most; steps++) [a, b] = [a * a - b * b + x, 2 * a * b + y];
  return steps;
}
