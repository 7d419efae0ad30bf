import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arrayOf } from '../shared/tasks/contract-model.js';
import type { TypedArray } from '../../src/types/buffers.js';
import { canCarry, opsOf } from '../../src/types/contract.js';
import type { Dtype } from '../../src/types/dtype.js';
import { dtypeNames, itemBytes } from '../../src/types/dtype.js';
import type { ReduceOp } from '../../src/types/reduce-op.js';
import type { Reduction } from '../support/kernels.js';
import { reduceRows } from '../support/kernels.js';

const test = suite('kernels against NumPy');
const oracle = fileURLToPath(new URL('../../../wasm/oracle.py', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'shoal-numpy-'));
/** NumPy has no bfloat16: Torch has. */
const dtypes = dtypeNames.filter((name) => name !== 'bfloat16');
test.after(() => rmSync(folder, { recursive: true }));

const float32Specials = [0, -0, 1, -1, NaN, Infinity, -Infinity, 1e-45, -1e-40, 3.4e38, 16_777_217, 0.1];
const float64Specials = [0, -0, 1, -1, NaN, Infinity, -Infinity, 5e-324, 1.7e308, 9_007_199_254_740_992, 0.1];
/**
 * Values that show errors: extremes of the integers, NaN, infinities, signed zeros, subnormals, rounding; of float16
 * the bits.
 */
const special: Readonly<Record<string, readonly (number | bigint)[]>> = {
  bool: [0, 1, 2, 128, 255],
  int8: [0, 1, -1, 127, -128],
  uint8: [0, 1, 127, 128, 255],
  int16: [0, 1, -1, 32_767, -32_768, 257],
  uint16: [0, 1, 32_768, 65_535, 257],
  int32: [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 65_537],
  uint32: [0, 1, 2 ** 31, 2 ** 32 - 1, 65_537],
  int64: [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n + 1n],
  uint64: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 32n + 1n],
  float16: [0, 0x8000, 0x3c00, 0xbc00, 0x7e00, 0x7c00, 0xfc00, 1, 0x8001, 0x7bff, 0x6800, 0x2e66],
  float32: float32Specials,
  float64: float64Specials,
  complex64: float32Specials,
  complex128: float64Specials,
};

interface Case extends Reduction {
  readonly input: string;
  readonly output: string;
  readonly got: Uint8Array;
}

function randomData(dtype: Dtype, elements: number): TypedArray {
  const data = arrayOf(dtype, elements);
  for (let i = 0; i < data.length; i++) {
    const values = special[dtype]!;
    data[i] = (uniform() < 0.4 ? values[Math.floor(uniform() * values.length)] : random(dtype)) as never;
  }
  return data;
}

/** Write the sources for NumPy, unless they are in a file already, and compute with the kernels. */
function run(index: number, reduction: Reduction, data: TypedArray, written?: string): Case {
  const inPlaceOf = Math.floor(uniform() * reduction.ranks);
  // Unaligned for the vectors.
  const got = reduceRows(reduction, data, index % 5, inPlaceOf);
  const input = written ?? join(folder, `${index}.in`);
  if (written === undefined) writeFileSync(input, new Uint8Array(data.buffer));
  return { ...reduction, input, output: join(folder, `${index}.out`), got };
}

/** Operations of a dtype, also carried. */
function reductionsOf(dtype: Dtype): { op: ReduceOp; carried: boolean }[] {
  return opsOf(dtype).flatMap((op) =>
    (canCarry(dtype, op) ? [false, true] : [false]).map((carried) => ({ op, carried })),
  );
}

let state = 20_261_123;
/** Numerical Recipes' generator: the same cases every time. */
function uniform(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function random(dtype: Dtype): number | bigint {
  if (dtype.endsWith('int64')) return BigInt.asIntN(64, BigInt(Math.floor(uniform() * 2 ** 53)) * 0x9e3779b97f4a7c15n);
  if (/^(float32|float64|complex)/.test(dtype)) return (uniform() - 0.5) * 10 ** (uniform() * 20 - 10);
  return Math.floor(uniform() * 2 ** 32);
}

/** Let NumPy compute the cases too, and compare bit by bit; NaN is NaN. */
function compare(cases: readonly Case[]): void {
  const lines = cases.map((each) => JSON.stringify({ ...each, got: undefined }));
  const python = spawnSync('/usr/bin/python3', [oracle], { input: lines.join('\n'), encoding: 'utf8' });
  assert.is(python.status, 0, python.stderr);
  for (const { dtype, op, carried, ranks, count, output, got } of cases) {
    const want = new Uint8Array(readFileSync(output));
    const label = `${dtype} ${op}${carried ? ' carried' : ''} ranks ${ranks} count ${count}`;
    assert.is(got.length, count * itemBytes[dtype], label);
    const [a, b] = [got, want].map((bytes) => {
      const array = arrayOf(dtype, count);
      new Uint8Array(array.buffer).set(bytes);
      return array;
    });
    for (let i = 0; i < a!.length; i++) {
      const [ours, numpys] = [a![i]!, b![i]!];
      if (Object.is(ours, numpys)) continue;
      const isNaN16 = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
      if (dtype === 'float16' && isNaN16(Number(ours)) && isNaN16(Number(numpys))) continue;
      // NumPy's minimum and maximum return either zero, depending on the CPU.
      const isZero = (value: number | bigint): boolean => value === 0 || (dtype === 'float16' && value === 0x8000);
      if ((op === 'min' || op === 'max') && isZero(ours) && isZero(numpys)) continue;
      assert.unreachable(`${label} element ${i}: ${String(ours)}, NumPy ${String(numpys)}`);
    }
  }
}

test('every dtype and operation, at every length around the SIMD widths, gives NumPy’s bits', () => {
  const cases: Case[] = [];
  const counts = [...Array.from({ length: 68 }, (_, count) => count), 1000, 4099];
  for (const dtype of dtypes) {
    for (const of of reductionsOf(dtype)) {
      for (const [i, count] of counts.entries()) {
        const ranks = [1, 2, 3, 4, 7, 8][i % 6]!;
        cases.push(run(cases.length, { dtype, ...of, ranks, count }, randomData(dtype, ranks * count)));
      }
    }
  }
  compare(cases);
  console.log(`${cases.length} cases`);
});

test('float16: every pattern with 0, 1, the largest and itself', () => {
  const all = Array.from({ length: 65_536 }, (_, bits) => bits);
  const cases: Case[] = [];
  for (const other of [() => 0, () => 0x3c00, () => 0x7bff, (bits: number) => bits]) {
    for (const op of opsOf('float16')) {
      const data = Uint16Array.from([...all, ...all.map(other)]);
      cases.push(run(cases.length, { dtype: 'float16', op, carried: false, ranks: 2, count: all.length }, data));
    }
  }
  compare(cases);
});

test('every dtype and operation over a million elements and three', () => {
  const count = 2 ** 20 + 3;
  for (const dtype of dtypes) {
    const data = randomData(dtype, 2 * count);
    const input = join(folder, `${dtype}.in`);
    writeFileSync(input, new Uint8Array(data.buffer));
    const cases = reductionsOf(dtype).map((of, i) => run(i, { dtype, ...of, ranks: 2, count }, data, input));
    compare(cases);
    for (const path of new Set(cases.flatMap(({ output }) => [input, output]))) rmSync(path);
  }
});

test.run();
