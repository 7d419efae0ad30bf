/** One rank of a gang of bench/tasks.ts: one allreduce of 8 bytes. */
import { collective } from 'shoal/worker';

export default async function sum(value: number): Promise<number> {
  const x = new Float64Array([value]);
  await collective.allreduce(x);
  return x[0]!;
}
