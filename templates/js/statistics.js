/** The task: every rank of the group runs it at the same time, each on its part of the data. */
import { collective, context } from 'shoal/worker';

/** Mean and standard deviation of the numbers from 0 to `count - 1`. The result is the same on every rank. */
export default async function statistics(count) {
  const sums = new Float64Array(2);
  for (let x = context.rank; x < count; x += context.size) {
    sums[0] += x;
    sums[1] += x * x;
  }
  await collective.allreduce(sums); // in place: the sums of all ranks
  const mean = sums[0] / count;
  return { mean, deviation: Math.sqrt(sums[1] / count - mean * mean) };
}
