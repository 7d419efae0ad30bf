/** How every task of this folder times a loop of calls; samples.h and samples.py do the same. */
import type { Collective } from 'shoal/worker';

/** What a contender measures in a round. */
export interface Measured {
  readonly form: string;
  /** Bytes per rank, or tasks in flight. */
  readonly at: number;
  /** Microseconds per call or task: the median of the round. */
  readonly us: number;
}

const warmPart = 5;
const samplePart = 75;
const fewestSamples = 5;

/** Middle one of the values, the upper one of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

/**
 * Warm up, then run a loop of calls without a barrier between them, cut into samples of at least a fixed time.
 *
 * Collective: rank 0 decides for all ranks how many calls there are.
 *
 * @param loop - Makes so many calls, one after another.
 * @returns Microseconds per call on this rank, the median of the samples.
 */
export async function medianUs(
  own: Collective,
  loop: (calls: number) => void | Promise<void>,
  budgetUs: number,
): Promise<number> {
  const agree = (value: number): number => own.broadcastSync(new Float64Array([value]))[0]!;
  const timed = async (calls: number): Promise<number> => {
    const begun = performance.now();
    const pending = loop(calls);
    if (pending) await pending;
    return (performance.now() - begun) * 1000;
  };
  let calls = 1;
  let took = agree(await timed(calls));
  while (took < budgetUs / warmPart) {
    calls *= 2;
    took = agree(await timed(calls));
  }
  const each = took / calls;
  const batch = 1 + Math.floor(budgetUs / samplePart / each);
  const samples = Math.max(fewestSamples, Math.floor(budgetUs / (each * batch)));
  const us: number[] = [];
  for (let sample = 0; sample < samples; sample++) us.push((await timed(batch)) / batch);
  return median(us);
}
