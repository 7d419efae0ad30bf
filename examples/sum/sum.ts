/** The task of the README: runs on every rank of its gang at the same time. */
import { collective, context } from 'shoal/worker';

export default async function sum(n: number): Promise<number> {
  const x = collective.empty(Float32Array, n).fill(context.rank);
  await collective.allreduce(x); // in place, op 'sum'
  await collective.allreduce(x, { op: 'max', timeoutMs: 5_000 });
  return x[0]!;
}
