/** Tasks that write to memory that is not theirs, and one that shows whether the window still computes right. */
import { collective, context } from 'shoal/worker';

/** Where a task writes although it may not. */
export type Slip =
  | 'whole'
  | 'first floats'
  | 'first zeros'
  | 'past its end'
  | 'before its start'
  | 'past a freed one'
  | 'past a shared one'
  | 'before a shared one'
  | 'past a freed shared one';
/** What it does then. */
export type Then = 'call' | 'return' | 'throw' | 'exit' | 'wait' | 'loop';

const count = 1_000;

function write(slip: Slip, x: Float32Array, value: number): void {
  const { buffer, byteOffset } = x;
  // Ordinary arrays, where no memory is shared, have nothing before them.
  const start = Math.max(0, byteOffset - 8);
  const room = (buffer.byteLength - byteOffset) / 4;
  if (slip === 'whole') new Float32Array(buffer).fill(value);
  else if (slip === 'first floats') new Float32Array(buffer, 0, 10).fill(value);
  else if (slip === 'first zeros') new Float32Array(buffer, 0, 10).fill(0);
  else if (slip.startsWith('before')) new Float32Array(buffer, start, 8).fill(value);
  else new Float32Array(buffer, byteOffset, Math.min(room, count + 2)).fill(value);
  if (slip.startsWith('past a freed')) collective.free(x);
}

/** Rank `who` slips, all do `then`. */
export async function slips(slip: Slip, then: Then, who: number): Promise<number> {
  // The first rank holds the shared one.
  const isShared = slip.endsWith('shared one');
  const x = isShared ? await collective.emptyShared(Float32Array, count) : collective.empty(Float32Array, count);
  if (context.rank === who) write(slip, x, context.rank + 1);
  if (then === 'throw') throw new RangeError('on purpose');
  if (then === 'exit') process.exit(3);
  if (then === 'wait') await new Promise((resolve) => setTimeout(resolve, 60_000));
  if (then === 'loop') for (;;) collective.barrierSync();
  if (then === 'call') await collective.barrier();
  return context.rank;
}

/** Write a few bytes at addresses of the whole memory. */
export async function strays(addresses: readonly number[], values: readonly number[]): Promise<void> {
  const bytes = new Uint8Array(collective.empty(Float32Array, 1).buffer);
  addresses.forEach((address, i) => {
    bytes[address % bytes.length] = values[i]!;
  });
  await collective.allreduce(new Float32Array(3000)).catch(() => undefined);
}

/** Bytes of the memory that the arrays of a task lie in. */
export function memoryBytes(): number {
  return collective.empty(Float32Array, 1).buffer.byteLength;
}

/** Sums, a product and a maximum over small and large arrays, window arrays too: what was wrong, in words. */
export async function computes(): Promise<string[]> {
  const { rank, size } = context;
  const wrong: string[] = [];
  const expectAll = (what: string, array: ArrayLike<number>, value: number): void => {
    for (let i = 0; i < array.length; i++) if (array[i] !== value) return void wrong.push(`${what}: ${array[i]}`);
  };
  const sum = (size * (size + 1)) / 2;
  expectAll('small', await collective.allreduce(new Float64Array(10).fill(rank + 1)), sum);
  expectAll('large', await collective.allreduce(new Float32Array(300_000).fill(rank + 1)), sum);
  expectAll('max', await collective.allreduce(new Int32Array(100).fill(rank), { op: 'max' }), size - 1);
  expectAll('window', await collective.allreduce(collective.empty(Float32Array, 70_000).fill(rank + 1)), sum);
  return wrong;
}

/** Take as long as told, then compute. */
export async function computesLater(ms: number): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return computes();
}
