/** One rank of `bench tasks --growth`: heap of the task thread around many small calls. */
import { collective } from 'shoal/worker';
import { heapBytes } from './heap.js';

/** Bytes of heap in use. */
export interface Heap {
  readonly before: number;
  readonly after: number;
}

const warmPart = 10;

async function call(x: Float32Array, calls: number): Promise<void> {
  for (let i = 0; i < calls / 2; i++) collective.allreduceSync(x, { op: 'sum' });
  for (let i = 0; i < calls / 2; i++) await collective.allreduce(x, { op: 'sum' });
}

/** Half of the calls blocking, half awaited, after a tenth of them as warm-up. */
export default async function callMany(calls: number): Promise<Heap> {
  const x = collective.empty(Float32Array, 2);
  await call(x, calls / warmPart);
  const before = heapBytes();
  await call(x, calls);
  return { before, after: heapBytes() };
}

/** Heap of the task thread between tasks. */
export function heap(): number {
  return heapBytes();
}
