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

/** Posts so many values of so many elements each; returns how many were taken. */
export function posts(count: number, elements: number): number {
  let sent = 0;
  for (let i = 0; i < count; i++) if (context.post(new Float64Array(elements).fill(i))) sent++;
  return sent;
}

/** Ends its thread, which is replaced. */
export function exit(): void {
  process.exit(7);
}

/** Prints, works, prints what would steer a terminal, and returns or fails. */
export async function chatty(ms: number, fails: boolean): Promise<number> {
  console.log('begun \x1b[31mred\x07');
  await sleep(ms);
  console.log('done');
  if (fails) throw new RangeError('no such \x1b[2Jshard');
  return context.rank + 1;
}
