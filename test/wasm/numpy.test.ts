import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { classOf } from '../shared/tasks/oracle.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { dtypeId, itemBytes } from '../../src/types/dtype.js';
import { reduceOpId } from '../../src/types/reduce-op.js';
import { createWindow } from '../../src/window/node-window.js';
import { RankWindow } from '../../src/window/rank-window.js';

const test = suite('kernels against NumPy');
const oracle = fileURLToPath(new URL('../../../wasm/oracle.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'shoal-numpy-'));
const window = new RankWindow(createWindow(compileKernels(), 1, 16 * 2 ** 20), 0);
const dtypes = ['uint8', 'int32', 'int64', 'float32', 'float64'] as const;
const ops = ['sum', 'prod', 'min', 'max'] as const;
test.after(() => rmSync(folder, { recursive: true }));

/** Values that show errors: extremes of the integers, NaN, infinities, signed zeros, subnormals, rounding. */
const special = {
  uint8: [0, 1, 127, 128, 255],
  int32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 65_537],
  int64: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n + 1n],
  float32: [0, -0, 1, -1, NaN, Infinity, -Infinity, 1e-45, -1e-40, 3.4e38, 16_777_217, 0.1],
  float64: [0, -0, 1, -1, NaN, Infinity, -Infinity, 5e-324, 1.7e308, 9_007_199_254_740_992, 0.1],
} as const;
interface Case {
  readonly dtype: (typeof dtypes)[number];
  readonly op: (typeof ops)[number];
  readonly ranks: number;
  readonly count: number;
  readonly shift: number;
  readonly input: string;
  readonly output: string;
  readonly got: Uint8Array;
}

function compute(
  index: number,
  dtype: Case['dtype'],
  op: Case['op'],
  ranks: number,
  count: number,
  pick: () => number,
): Case {
  const itemSize = itemBytes[dtype];
  const shift = (index % 5) * itemSize; // unaligned for the vectors
  const data = new classOf[dtype](ranks * count);
  for (let i = 0; i < data.length; i++) {
    const values = special[dtype];
    data[i] = (pick() < 0.4 ? values[Math.floor(pick() * values.length)] : random(dtype, pick)) as never;
  }
  const { node, kernels } = window;
  window.arena.reset();
  const at = window.allocate(ranks * count * itemSize + 64)! + shift;
  node.bytes.set(new Uint8Array(data.buffer), at);
  const pointers = window.allocate(4 * ranks + 4)!;
  for (let rank = 0; rank < ranks; rank++) node.u32[pointers / 4 + rank] = at + rank * count * itemSize;
  const target = at + Math.floor(pick() * ranks) * count * itemSize; // in place of one of the sources
  assert.is(kernels.shoal_reduce(dtypeId(dtype), reduceOpId(op), pointers, ranks, target, count), 1);
  const [input, output] = [join(folder, `${index}.in`), join(folder, `${index}.out`)];
  writeFileSync(input, new Uint8Array(data.buffer));
  return { dtype, op, ranks, count, shift, input, output, got: node.bytes.slice(target, target + count * itemSize) };
}

function random(dtype: Case['dtype'], pick: () => number): number | bigint {
  if (dtype === 'int64') return BigInt.asIntN(64, BigInt(Math.floor(pick() * 2 ** 53)) * 0x9e3779b97f4a7c15n);
  if (dtype === 'float32' || dtype === 'float64') return (pick() - 0.5) * 10 ** (pick() * 20 - 10);
  return Math.floor(pick() * 2 ** 32);
}

test('every dtype and operation, at every length around the SIMD widths, gives NumPy’s bits', () => {
  let state = 20_261_123;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator: the same cases every time
    return state / 2 ** 32;
  };
  const cases: Case[] = [];
  const counts = [...Array.from({ length: 68 }, (_, count) => count), 1000, 4099];
  for (const dtype of dtypes) {
    for (const op of ops) {
      for (const [i, count] of counts.entries()) {
        cases.push(compute(cases.length, dtype, op, [1, 2, 3, 4, 7, 8][i % 6]!, count, uniform));
      }
    }
  }
  const lines = cases.map(({ dtype, op, ranks, count, input, output }) =>
    JSON.stringify({ dtype, op, ranks, count, input, output }),
  );
  const python = spawnSync('/usr/bin/python3', [oracle], { input: lines.join('\n'), encoding: 'utf8' });
  assert.is(python.status, 0, python.stderr);
  for (const each of cases) {
    const want = new Uint8Array(readFileSync(each.output));
    const label = `${each.dtype} ${each.op} ranks ${each.ranks} count ${each.count}`;
    const [a, b] = [each.got, want].map((bytes) => new classOf[each.dtype](bytes.slice().buffer));
    assert.is(a!.length, each.count, label);
    for (let i = 0; i < each.count; i++) {
      const [got, expected] = [a![i]!, b![i]!];
      // NumPy's minimum and maximum return either zero, depending on the CPU.
      const zeros = (each.op === 'min' || each.op === 'max') && got === 0 && expected === 0;
      if (!Object.is(got, expected) && !zeros)
        assert.unreachable(`${label} element ${i}: ${String(got)}, NumPy ${String(expected)}`);
    }
  }
  console.log(`${cases.length} cases`);
});

test.run();
