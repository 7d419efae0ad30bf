/** Task functions for a pool that runs by itself. */
import { collective, context } from 'shoal/worker';

export default async function sum(factor: number): Promise<number> {
  const [total] = await collective.allreduce(Int32Array.of(factor * (context.rank + 1)));
  return total!;
}

export function echo(...args: unknown[]): unknown[] {
  console.log('echoes');
  return args;
}

export function twice(array: Float64Array, big: bigint): [Float64Array, bigint] {
  return [array.map((value) => 2 * value), 2n * big];
}

export function fail(): void {
  throw new RangeError('no such shard');
}

export async function sleep(ms: number): Promise<string> {
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    context.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
  return 'slept';
}

/** Ends its thread, which is replaced. */
export function exit(): void {
  process.exit(7);
}
