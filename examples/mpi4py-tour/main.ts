/**
 * The calls that an introduction to mpi4py begins with, as a script: `npx shoal run -n 4 examples/mpi4py-tour/main.ts`, or
 * under `mpiexec`. Rank 0 prints what all have found.
 */
import { writeFileSync } from 'node:fs';
import { collective, context } from 'shoal/worker';
import { lineChart } from '../chart.js';

const { rank, size } = context;

/** Values and arrays from rank 0 to the last one. */
async function messages(): Promise<unknown> {
  const last = size - 1;
  if (rank === 0 && last > 0) {
    await collective.sendObject({ a: 7, b: 3.14 }, last, { tag: 11 });
    await collective.send(
      Float64Array.from({ length: 100 }, (_, i) => i),
      last,
      { tag: 13 },
    );
  }
  if (rank !== last || last === 0) return undefined;
  const { data } = await collective.recvObject<{ a: number }>(0, { tag: 11 });
  const numbers = await collective.recv(Float64Array, 0, { tag: 13 });
  return [data.a, numbers.count, numbers.data.at(-1)];
}

/** A value to all, one to each, and one of each. */
async function values(): Promise<unknown> {
  const config = await collective.broadcastObject(rank === 0 ? { words: ['a', 'b'] } : undefined);
  const squares = rank === 0 ? Array.from({ length: size }, (_, i) => (i + 1) ** 2) : undefined;
  const mine = await collective.scatterObject(squares);
  return [config.words, await collective.gatherObject(mine)];
}

/** A parallel product of a matrix, whose rows are spread over the ranks, and a vector. */
async function product(rows: number): Promise<number[]> {
  const columns = rows * size;
  const part = new Float64Array(rows).fill(rank + 1);
  const vector = await collective.allgather(part);
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[row]! += (rank * rows + row) * vector[column]!;
  }
  return [...(await collective.allgather(result))];
}

/** π as the area under 4 / (1 + x²), every rank a share of the steps. */
async function pi(steps: number): Promise<number> {
  let area = 0;
  for (let i = rank; i < steps; i += size) area += 4 / (1 + ((i + 0.5) / steps) ** 2) / steps;
  return collective.allreduce(area);
}

const found = [await messages(), await values(), await product(2), Math.round((await pi(1_000)) * 1e5) / 1e5];
const all = await collective.gatherObject(found);
if (rank === 0) console.log(JSON.stringify(all));

const errors: [number, number][] = [];
for (let steps = 4; steps <= 4_096; steps *= 2) {
  errors.push([Math.log10(steps), Math.log10(Math.abs((await pi(steps)) - Math.PI))]);
}
if (rank === 0) {
  const figure = process.argv[2] ?? 'mpi4py-tour.svg';
  const lines = [{ name: 'midpoint rule', points: errors }];
  writeFileSync(figure, lineChart('How far the area is from π', 'steps, log10', 'distance, log10', lines));
}
