/** Task functions of the tests of arguments for each rank. */
import { collective, context } from 'shoal/worker';

export default function echo(...args: unknown[]): [rank: number, ...args: unknown[]] {
  return [context.rank, ...args];
}

/** The first attempt loses the worker of the last rank; later ones return what each rank was given. */
export async function dieOnce(transport: 'threads' | 'mpi', own: Float64Array): Promise<number> {
  await collective.barrier();
  if (context.attempt === 1 && context.rank === context.size - 1) {
    if (transport === 'mpi') process.kill(process.pid, 'SIGKILL');
    const hoard: number[][] = [];
    for (;;) hoard.push(new Array<number>(1e5).fill(1.5));
  }
  await collective.barrier();
  return own[0]!;
}
