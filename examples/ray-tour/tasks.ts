/** Remote functions and a remote class, as an introduction to Ray has them. */
import { context } from 'shoal/worker';

export function square(x: number): number {
  return x * x;
}

export function sumOf(matrix: Float64Array): number {
  return matrix.reduce((a, b) => a + b, 0);
}

/** An actor's class. */
export class Counter {
  #value = 0;

  increment(): number {
    return ++this.#value;
  }

  get(): number {
    return this.#value;
  }
}

/** How many of the points of this sample lie within the quarter of a circle; it posts how far it is. */
export function sample(points: number): number {
  let inside = 0;
  for (let i = 1; i <= points; i++) {
    if (Math.random() ** 2 + Math.random() ** 2 <= 1) inside++;
    if (i % (points / 10) === 0) context.post({ points: i, inside });
  }
  return inside;
}
