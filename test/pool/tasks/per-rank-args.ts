/** Task functions of the tests of arguments for each rank. */
import { collective, context } from 'shoal/worker';

export default function echo(...args: unknown[]): [rank: number, ...args: unknown[]] {
  return [context.rank, ...args];
}

/** The first attempt loses the worker of the last rank; later ones return what each rank was given. */
export async function dieOnce(transport: 'threads' | 'mpi', own: Float64Array): Promise<number> {
  await collective.barrier();
  if (context.attempt === 1) {
    if (context.rank === context.size - 1) {
      if (transport === 'mpi') process.kill(process.pid, 'SIGKILL');
      // A thread ends with its whole window.
      new Float32Array(collective.empty(Float32Array, 1).buffer, 0, 10).fill(1);
    }
    await collective.barrier();
  }
  return own[0]!;
}
