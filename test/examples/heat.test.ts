import { decode } from 'fast-png';
import { launch, taskModule } from 'shoal';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Block } from '../../examples/heat/heat.js';
import { runExample } from '../support/example.js';

const test = suite('examples/heat');
const heat = taskModule<typeof import('../../examples/heat/heat.js')>(
  new URL('../../../../examples/heat/heat.ts', import.meta.url),
);

/** Both waves are eigenvectors of the discrete equation too: what a step makes of them, in closed form. */
function discrete(n: number, steps: number): number[] {
  const h = 1 / (n + 1);
  const wave = (height: number, across: number, down: number, i: number, j: number): number => {
    const factor = (Math.cos(across * Math.PI * h) + Math.cos(down * Math.PI * h)) / 2;
    const place = Math.sin(across * Math.PI * (j + 1) * h) * Math.sin(down * Math.PI * (i + 1) * h);
    return height * factor ** steps * place;
  };
  const points = Array.from({ length: n * n }, (_, at) => [Math.floor(at / n), at % n] as const);
  return points.map(([i, j]) => wave(1, 1, 1, i, j) + wave(0.8, 3, 2, i, j));
}

function whole(blocks: readonly Block[], n: number): Float64Array {
  const field = new Float64Array(n * n).fill(NaN);
  for (const { top, left, columns, values } of blocks) {
    values.forEach((value, at) => (field[(top + Math.floor(at / columns)) * n + left + (at % columns)] = value));
  }
  return field;
}

test('any grid of ranks gives the field of one rank to the bit, and the closed form of the discrete equation', async () => {
  const pool = await launch({ workers: 6 });
  const [n, steps] = [13, 40];
  const exact = discrete(n, steps);
  let first: Float64Array | undefined;
  for (const dims of [
    [1, 1],
    [1, 2],
    [3, 1],
    [2, 2],
    [2, 3],
  ] as [number, number][]) {
    const blocks = await pool.run(heat, { workers: dims[0] * dims[1], args: [n, steps, dims] });
    const field = whole(blocks, n);
    first ??= field;
    assert.equal(field, first, `${dims}`);
    field.forEach((value, at) => assert.ok(Math.abs(value - exact[at]!) < 1e-13, `${dims} at ${at}: ${value}`));
  }
  await pool.close();
});

test('its command prints what the README says, and draws its figure', () => {
  const { written, shown } = runExample('heat', 'heat.png');
  const [now, before] = [decode(written), decode(shown)];
  assert.equal([now.width, now.height], [before.width, before.height]);
  // Sines may differ in their last bit from one runtime to another.
  assert.ok(now.data.every((value, i) => Math.abs(value - before.data[i]!) <= 1));
});

test.run();
