import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { opsOf } from '../../src/types/contract.js';
import type { ReduceOp } from '../../src/types/reduce-op.js';
import { reduceRows } from '../support/kernels.js';
import { root } from '../support/spawn.js';

/** What test/wasm/torch-vectors.py writes; arrays are base64 of the 16 bits of each number. */
interface Vectors {
  readonly torch: string;
  readonly count: number;
  readonly inputs: string;
  readonly folds: readonly { op: ReduceOp; carried: boolean; ranks: number; expected: string }[];
  readonly digests: readonly { op: ReduceOp; with: '0' | '1' | 'largest' | 'itself'; sha256: string }[];
}
const vectors = JSON.parse(readFileSync(join(root, 'test/wasm/torch-bfloat16.json'), 'utf8')) as Vectors;
const test = suite(`bfloat16 against Torch ${vectors.torch}`);

function numbers(base64: string): Uint16Array {
  return new Uint16Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

/** As the script: a NaN is 0x7fc0, and of least and greatest a zero is 0. */
function canonical(op: ReduceOp, bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.buffer).map((bits) => {
    if ((bits & 0x7fff) > 0x7f80) return 0x7fc0;
    return bits === 0x8000 && (op === 'min' || op === 'max') ? 0 : bits;
  });
}

test('folds over 2, 3 and 8 ranks, rounded at each and carried in float32', () => {
  const inputs = numbers(vectors.inputs);
  const { count, folds } = vectors;
  assert.equal([...new Set(folds.map(({ op }) => op))].sort(), [...opsOf('bfloat16')].sort());
  for (const { op, carried, ranks, expected } of folds) {
    const data = inputs.slice(0, ranks * count);
    const got = canonical(op, reduceRows({ dtype: 'bfloat16', op, carried, ranks, count }, data, ranks % 5, ranks - 1));
    const want = numbers(expected);
    assert.is(got.length, want.length);
    const wrong = got.findIndex((bits, i) => bits !== want[i]);
    const given = Array.from({ length: ranks }, (_, rank) => data[rank * count + wrong]?.toString(16)).join(' ');
    const label = `${op}${carried ? ' carried' : ''} over ${ranks}, element ${wrong} of ${given}`;
    assert.is(wrong, -1, `${label}: ${got[wrong]?.toString(16)}, Torch ${want[wrong]?.toString(16)}`);
  }
});

test('a computed NaN is 0x7fc0', () => {
  const count = 4;
  const data = Uint16Array.of(0x7f80, 0xffc1, 0x7f80, 1, 0xff80, 0, 0, 0x7fff);
  for (const op of ['sum', 'prod', 'avg'] as const) {
    const of = { dtype: 'bfloat16', op, carried: false, ranks: 2, count } as const;
    const nans = new Uint16Array(reduceRows(of, data).buffer).filter((bits) => (bits & 0x7fff) > 0x7f80);
    assert.equal(Array.from(new Set(nans)), [0x7fc0], op);
  }
});

test('every pattern with 0, 1, the largest number and itself', () => {
  const every = Array.from({ length: 65_536 }, (_, bits) => bits);
  const others = { 0: () => 0, 1: () => 0x3f80, largest: () => 0x7f7f, itself: (bits: number) => bits };
  assert.is(vectors.digests.length, 4 * opsOf('bfloat16').length);
  for (const { op, with: name, sha256 } of vectors.digests) {
    const data = Uint16Array.from([...every, ...every.map(others[name])]);
    const bytes = reduceRows({ dtype: 'bfloat16', op, carried: false, ranks: 2, count: every.length }, data);
    assert.is(createHash('sha256').update(canonical(op, bytes)).digest('hex'), sha256, `${op} with ${name}`);
  }
});

test.run();
