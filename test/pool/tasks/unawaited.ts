/** Functions that do not await their collectives. */
import { collective, context } from 'shoal/worker';

export async function forgets(calls: number, fails: boolean): Promise<number> {
  const xs = Array.from({ length: calls }, () => new Float32Array(3).fill(1));
  // Others come later, so that the calls are in flight when this function ends.
  if (context.rank > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  for (const x of xs) void collective.allreduce(x);
  if (fails) throw new RangeError('the function gave up');
  return calls;
}
export async function awaits(): Promise<number> {
  const [x] = await collective.allreduce(Float32Array.of(1));
  const late = collective.barrier();
  await collective.allreduce(Float32Array.of(1));
  await late;
  return x ?? 0;
}
export function returnsIt(): Promise<Float32Array> {
  return collective.allreduce(Float32Array.of(1));
}
/** A call that is refused is over at once. */
export async function refused(): Promise<number> {
  await collective.allreduce(new Float32Array(1), { root: 0 } as object).catch(() => undefined);
  return 1;
}
