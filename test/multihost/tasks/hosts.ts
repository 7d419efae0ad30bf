import { hostname } from 'node:os';
import { collective, context } from 'shoal/worker';

/** Sums over all hosts, long enough for messages of the wire's own. */
export default async function sum(): Promise<[host: string, sum: number]> {
  const x = collective.empty(Float64Array, 50_000).fill(context.rank + 1);
  await collective.allreduce(x);
  if (x.some((each) => each !== x[0])) throw new Error('the sums differ');
  return [hostname(), x[0]!];
}

/** Of data that lies on each host, also after processes of one were lost. */
export function sharedSum({ x }: { x: Float64Array }): [host: string, sum: number] {
  return [hostname(), x.reduce((a, b) => a + b, 0)];
}

export async function die(rank: number): Promise<void> {
  await collective.barrier();
  if (context.rank === rank) process.kill(process.pid, 'SIGKILL');
  await collective.barrier();
}
