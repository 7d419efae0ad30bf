/** Task functions of the tests of `pool.map`. */
import { collective, context } from 'shoal/worker';

export default function square(x: number): number {
  return x * x;
}

/** Every rank's part, from a sum over all of them. */
export async function parts(x: number): Promise<[rank: number, sum: number]> {
  const sum = Float64Array.of(x);
  await collective.allreduce(sum);
  return [context.rank, sum[0]!];
}

/** The given value, after a time; what cancels it ends it. */
export function later<T>({ value, ms }: { value: T; ms: number }): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(value), ms);
    context.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(context.signal.reason as Error);
    });
  });
}

/** Fails for one value, at once; waits to be cancelled for negative ones. */
export function failAt({ value, at }: { value: number; at: number }): Promise<number> | number {
  if (value === at) throw new RangeError(`no such item: ${value}`);
  return value < 0 ? later({ value, ms: 60_000 }) : value;
}

const begun: string[] = [];

/** Notes that it has begun. */
export function note(name: string): string {
  begun.push(name);
  return name;
}

/** What this worker has noted since it was asked last. */
export function noted(): string[] {
  return begun.splice(0);
}

export function size(bytes: Uint8Array): number {
  return bytes.length;
}

export function two(a: number, b: number): number {
  return a + b;
}
