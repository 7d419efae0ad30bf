/** Runs a task function as ranks that are processes of this host, over one mapped window; without MPI. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RankOutcome } from '../../src/head/verdict.js';
import { judge } from '../../src/head/verdict.js';
import { encodeValue } from '../../src/protocol/values.js';
import type { SharedRow } from '../../src/backend/window/shared-window.js';
import type { RankJob } from './process-rank.js';

const entry = fileURLToPath(new URL('./process-rank.js', import.meta.url));

/** As `pool.run`: results in rank order, or the error of the task. */
export async function runProcesses(size: number, module: string, name: string, args: unknown[]): Promise<unknown[]> {
  const children = Array.from({ length: size }, () => fork(entry, [], { serialization: 'advanced' }));
  try {
    const rows = await tellAll<SharedRow>(children, (rank): RankJob => {
      return { rank, size, module, name, args: encodeValue(args, 'args') };
    });
    const outcomes = await tellAll<RankOutcome['outcome']>(children, () => rows);
    const verdict = judge(
      't1',
      outcomes.map((outcome, rank) => ({ rank, outcome })),
    );
    if ('error' in verdict) throw verdict.error;
    return [...verdict.results];
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** Send each child its message and wait for one answer of each; a child that ends instead is an error. */
function tellAll<T>(children: readonly ChildProcess[], message: (rank: number) => unknown): Promise<T[]> {
  return Promise.all(
    children.map(async (child, rank) => {
      const answer = once(child, 'message') as Promise<[T]>;
      const exit = once(child, 'exit').then(([code, signal]) => {
        throw new Error(`rank ${rank} ended: ${String(code ?? signal)}`);
      });
      child.send(message(rank) as object);
      const [value] = await Promise.race([answer, exit]);
      exit.catch(() => undefined);
      return value;
    }),
  );
}
