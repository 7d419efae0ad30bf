/** The task: heat spreads over a square plate. Each rank has a block of it, and the edge of its neighbours' as a halo. */
import type { CartGroup } from 'shoal/worker';
import { collective } from 'shoal/worker';
import { fieldAt } from './closed-form.js';

/** What a rank returns: its block of the field, row after row, and where it lies in the whole. */
export interface Block {
  readonly top: number;
  readonly left: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/**
 * Go `steps` steps in time, of a quarter of the square of the distance h = 1 / (n + 1) between points.
 *
 * @param n - Points in a row and in a column of the plate, within its border, which stays cold.
 * @param dims - Rows and columns of the grid of ranks.
 */
export default async function heat(n: number, steps: number, dims: [number, number]): Promise<Block> {
  const grid = (await collective.cart(dims))!;
  const [top, bottom] = share(n, dims[0], grid.coords[0]!);
  const [left, right] = share(n, dims[1], grid.coords[1]!);
  const [rows, columns] = [bottom - top, right - left];
  const width = columns + 2; // with one point of halo on each side
  let now = new Float64Array((rows + 2) * width);
  let next = new Float64Array(now.length);
  for (let i = 1; i <= rows; i++) {
    for (let j = 1; j <= columns; j++) now[i * width + j] = fieldAt((left + j) / (n + 1), (top + i) / (n + 1), 0);
  }
  for (let step = 0; step < steps; step++) {
    await exchangeHalo(grid, now, rows, columns);
    for (let i = 1; i <= rows; i++) {
      for (let at = i * width + 1; at <= i * width + columns; at++) {
        next[at] = (now[at - width]! + now[at - 1]! + now[at + 1]! + now[at + width]!) / 4;
      }
    }
    [now, next] = [next, now];
  }
  const inner = Array.from({ length: rows }, (_, i) => [...rowOf(now, i + 1, columns)]).flat();
  return { top, left, columns, values: Float64Array.from(inner) };
}

/** Give the edges of the block to the four neighbours, and get theirs. */
async function exchangeHalo(grid: CartGroup, field: Float64Array, rows: number, columns: number): Promise<void> {
  const [down, up] = [grid.shift(0, 1), grid.shift(0, -1)]; // nobody is beyond the border
  await grid.sendrecv(rowOf(field, rows, columns), down.dest, rowOf(field, 0, columns), down.source);
  await grid.sendrecv(rowOf(field, 1, columns), up.dest, rowOf(field, rows + 1, columns), up.source);
  for (const [by, edge, halo] of [[1, columns, 0] as const, [-1, 1, columns + 1] as const]) {
    const [sent, received] = [new Float64Array(rows), new Float64Array(rows)]; // elements of a column lie apart
    for (let i = 0; i < rows; i++) sent[i] = field[(i + 1) * (columns + 2) + edge]!;
    const { source, dest } = grid.shift(1, by);
    await grid.sendrecv(sent, dest, received, source);
    for (let i = 0; i < rows; i++) field[(i + 1) * (columns + 2) + halo] = received[i]!;
  }
}

/** Row i of the block without its halo, where it lies. */
function rowOf(field: Float64Array, i: number, columns: number): Float64Array {
  return field.subarray(i * (columns + 2) + 1, (i + 1) * (columns + 2) - 1);
}

/** Which of n points one of several parts has: from the first number up to the second. */
function share(n: number, parts: number, part: number): [number, number] {
  return [Math.floor((part * n) / parts), Math.floor(((part + 1) * n) / parts)];
}
