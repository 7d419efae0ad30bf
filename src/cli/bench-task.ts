/** What runs on the workers for `shoal bench`. Results are verified before anything is timed. */
import { nowMs } from '../clock.js';
import { collective, context } from '../collective/bound.js';
import { ShoalError } from '../errors.js';

/** Batches of calls, of which the middle one counts. */
const batches = 7;
const mostCalls = 20_000;
/** The part of the time after which no further calls are needed before the first that counts. */
const warmShare = 4;
/** Values that floats add without rounding. */
const pattern = 97;

/** Times of an allreduce on one rank. */
export interface AllreduceTimes {
  /** Microseconds for one call, of each batch. */
  readonly us: readonly number[];
  /** The array lies in the window; else its bytes are copied there and back. */
  readonly isInWindow: boolean;
}

/** Time an allreduce of float32. @param budgetMs - For all batches, about. */
export async function allreduce(sizeBytes: number, isBlocking: boolean, budgetMs: number): Promise<AllreduceTimes> {
  const { x, isInWindow } = allocate(sizeBytes / Float32Array.BYTES_PER_ELEMENT);
  for (let i = 0; i < x.length; i++) x[i] = (context.rank + 1) * (i % pattern);
  if (isBlocking) collective.allreduceSync(x);
  else await collective.allreduce(x);
  verify(x);
  x.fill(0);
  const run = async (calls: number): Promise<number> => {
    collective.barrierSync();
    const begun = nowMs();
    if (isBlocking) for (let call = 0; call < calls; call++) collective.allreduceSync(x);
    else for (let call = 0; call < calls; call++) await collective.allreduce(x);
    return (nowMs() - begun) / calls;
  };
  // Until the code is compiled and the caches are warm; all ranks go by the slowest one.
  let calls = 4;
  let callMs = await slowest(run(calls));
  while (callMs * calls < budgetMs / warmShare && calls < mostCalls) callMs = await slowest(run((calls *= 2)));
  calls = Math.max(1, Math.min(mostCalls, Math.floor(budgetMs / batches / callMs)));
  const us: number[] = [];
  for (let batch = 0; batch < batches; batch++) us.push((await run(calls)) * 1_000);
  return { us, isInWindow };
}

async function slowest(time: Promise<number>): Promise<number> {
  const x = Float64Array.of(await time);
  collective.allreduceSync(x, { op: 'max' });
  return x[0] ?? NaN;
}

/** For what a task costs by itself. */
export function nothing(): void {
  // Nothing is what it does.
}

/** For what a gang costs: one allreduce of 8 bytes. */
export async function sum(value: number): Promise<number> {
  const x = Float64Array.of(value);
  await collective.allreduce(x);
  return x[0] ?? NaN;
}

function allocate(count: number): { x: Float32Array; isInWindow: boolean } {
  try {
    return { x: collective.empty(Float32Array, count), isInWindow: true };
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'ERR_SHOAL_WINDOW_EXHAUSTED') throw error;
    return { x: new Float32Array(count), isInWindow: false };
  }
}

function verify(x: Float32Array): void {
  const ranks = (context.size * (context.size + 1)) / 2;
  for (let i = 0; i < x.length; i++) {
    const want = ranks * (i % pattern);
    if (x[i] !== want) throw new Error(`allreduce: element ${i} is ${x[i]} on rank ${context.rank}, not ${want}`);
  }
}
