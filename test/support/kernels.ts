/** One call of the kernels on arrays of the tests' own. */
import * as assert from 'uvu/assert';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import type { TypedArray } from '../../src/types/buffers.js';
import type { Dtype } from '../../src/types/dtype.js';
import { dtypeId, itemBytes } from '../../src/types/dtype.js';
import type { ReduceOp } from '../../src/types/reduce-op.js';
import { reduceOpId } from '../../src/types/reduce-op.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';

const window = new RankWindow(createWindow(compileKernels(), 1, 64 * 2 ** 20), 0);

/** What to compute: an operation over `ranks` sources of `count` elements. */
export interface Reduction {
  readonly dtype: Dtype;
  readonly op: ReduceOp;
  readonly carried: boolean;
  readonly ranks: number;
  readonly count: number;
}

/**
 * Bytes of the result over sources that follow one another in `data`.
 *
 * @param shift - Elements that the sources lie behind an aligned address.
 * @param inPlaceOf - Source that the result takes the place of.
 */
export function reduceRows(
  { dtype, op, carried, ranks, count }: Reduction,
  data: TypedArray,
  shift = 0,
  inPlaceOf = 0,
): Uint8Array {
  const itemSize = itemBytes[dtype];
  const { node, kernels } = window;
  window.arena.reset();
  const at = window.allocate(ranks * count * itemSize + 128)! + shift * itemSize;
  node.bytes.set(new Uint8Array(data.buffer), at);
  const pointers = window.allocate(4 * ranks + 4)!;
  for (let rank = 0; rank < ranks; rank++) node.u32[pointers / 4 + rank] = at + rank * count * itemSize;
  const target = at + inPlaceOf * count * itemSize;
  assert.is(kernels.shoal_reduce(dtypeId(dtype), reduceOpId(op, carried), pointers, ranks, target, count), 1);
  return node.bytes.slice(target, target + count * itemSize);
}
