/**
 * Times every kernel, two sources into a third array, beside a copy and beside a plain TypeScript loop, in one run.
 * Before that it compares the kernel's result with the loop's. GB/s are bytes of the result a second. `copies`: the
 * kernel's time by that of a copy of as many bytes as it moves, one and a half times the array. `loops`: the loop's
 * time by the kernel's.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { compileKernels, instantiateKernels } from '../src/kernels/wasm-module.js';
import { opsOf } from '../src/types/contract.js';
import type { Dtype } from '../src/types/dtype.js';
import { dtypeId, dtypeNames, itemBytes } from '../src/types/dtype.js';
import type { ReduceOp } from '../src/types/reduce-op.js';
import { reduceOpId } from '../src/types/reduce-op.js';
import { loopOf } from './kernel-loops.js';
import { arrayOver, everydayBytes } from './kernel-arrays.js';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, bytes: { type: 'string', default: '65536,1048576,67108864' } },
});
const sizes = values.bytes.split(',').map(Number);
const largest = Math.max(...sizes);
const MIB = 1024 * 1024;
/** Stack and data of the module lie below. */
const first = 4 * MIB;
const pages = Math.ceil((first + 3 * largest + MIB) / 65_536);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernels = instantiateKernels(compileKernels(), memory, 2 * MIB);
const pointers = 3 * MIB;
const [a, b, target] = [first, first + largest, first + 2 * largest];
new Uint32Array(memory.buffer, pointers, 2).set([a, b]);

const repetitions = 5;
const leastMs = 3;

/** Milliseconds of one call: best of several runs that are long enough for the clock. */
function time(call: () => void): number {
  call();
  let best = Infinity;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    let calls = 0;
    const begun = performance.now();
    do {
      call();
      calls++;
    } while (performance.now() - begun < leastMs);
    best = Math.min(best, (performance.now() - begun) / calls);
  }
  return best;
}

interface Row {
  readonly dtype: Dtype;
  readonly op: ReduceOp;
  readonly bytes: number;
  readonly gbPerSecond: number;
  readonly copies: number;
  readonly loops: number;
}

function measure(dtype: Dtype, op: ReduceOp, bytes: number, copyMs: number): Row {
  const count = bytes / itemBytes[dtype];
  const [x, y, z] = [a, b, target].map((at) => arrayOver(memory.buffer, dtype, at, bytes)) as [never, never, never];
  const loop = loopOf(dtype, op);
  loop(x, y, z);
  const want = new Uint8Array(memory.buffer, target, bytes).slice();
  const kernel = (): void => void kernels.shoal_reduce(dtypeId(dtype), reduceOpId(op), pointers, 2, target, count);
  kernel();
  if (Buffer.compare(want, Buffer.from(memory.buffer, target, bytes)) !== 0) {
    throw new Error(`${dtype} ${op}: the kernel and the loop differ`);
  }
  const ms = time(kernel);
  const loopMs = time(() => {
    loop(x, y, z);
  });
  return { dtype, op, bytes, gbPerSecond: bytes / ms / 1e6, copies: ms / (1.5 * copyMs), loops: loopMs / ms };
}

const rows: Row[] = [];
const copies: { bytes: number; gbPerSecond: number }[] = [];
for (const bytes of sizes) {
  const from = new Uint8Array(memory.buffer, a, bytes);
  const to = new Uint8Array(memory.buffer, target, bytes);
  const copyMs = time(() => {
    to.set(from);
  });
  copies.push({ bytes, gbPerSecond: bytes / copyMs / 1e6 });
  for (const dtype of dtypeNames) {
    for (const at of [a, b]) new Uint8Array(memory.buffer, at, bytes).set(everydayBytes(dtype, bytes, at));
    for (const op of opsOf(dtype)) rows.push(measure(dtype, op, bytes, copyMs));
  }
}

const facts = { node: process.version, cpu: cpus()[0]?.model.trim(), copies };
if (values.json) {
  console.log(JSON.stringify({ ...facts, rows }));
} else {
  const table = new Table({
    head: ['dtype', 'op', 'bytes', 'GB/s', 'copies', 'loops'],
    style: { head: [], border: [] },
  });
  for (const { dtype, op, bytes, gbPerSecond, copies: ratio, loops } of rows) {
    table.push([dtype, op, String(bytes), gbPerSecond.toFixed(1), ratio.toFixed(2), loops.toFixed(1)]);
  }
  console.log(JSON.stringify(facts));
  console.log(table.toString());
}
