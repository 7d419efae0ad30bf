/** Runs task functions as ranks that are processes of this host, over one mapped window; without MPI. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RankOutcome } from '../../src/head/verdict.js';
import { judge } from '../../src/head/verdict.js';
import { encodeValue } from '../../src/protocol/values.js';
import type { SharedRow } from '../../src/backend/window/shared-window.js';
import type { RankOrder } from './process-rank.js';

const entry = fileURLToPath(new URL('./process-rank.js', import.meta.url));

/** Processes that share a window of their own, for one case after another. */
class ProcessWorld {
  readonly #children: readonly ChildProcess[];
  #lease = 0;

  private constructor(size: number) {
    this.#children = Array.from({ length: size }, () => fork(entry, [], { serialization: 'advanced' }));
  }

  static async start(size: number): Promise<ProcessWorld> {
    const world = new ProcessWorld(size);
    const rows = await tellAll<SharedRow>(world.#children, (rank) => ({ type: 'start', rank, size }));
    await tellAll(world.#children, () => ({ type: 'join', rows }));
    return world;
  }

  /** As `pool.run`: results in rank order, or the error of the task. */
  async run(module: string, name: string, args: unknown[]): Promise<unknown[]> {
    const lease = ++this.#lease;
    const order: RankOrder = { type: 'run', lease, module, name, args: encodeValue(args, 'args') };
    const outcomes = await tellAll<RankOutcome['outcome']>(this.#children, () => order);
    // Peers may copy from a rank's staging until all have ended.
    await tellAll(this.#children.slice(1), () => ({ type: 'close' }));
    await tellAll(this.#children.slice(0, 1), () => ({ type: 'close' }));
    const verdict = judge(
      't1',
      outcomes.map((outcome, rank) => ({ rank, outcome })),
    );
    if ('error' in verdict) throw verdict.error;
    return [...verdict.results];
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** One for each size. */
const worlds = new Map<number, Promise<ProcessWorld>>();

/** Run an export of a module as `size` ranks. */
export async function runProcesses(size: number, module: string, name: string, args: unknown[]): Promise<unknown[]> {
  const world = worlds.get(size) ?? ProcessWorld.start(size);
  worlds.set(size, world);
  return (await world).run(module, name, args);
}

/** At the end of a file. */
export async function endProcesses(): Promise<void> {
  for (const world of worlds.values()) (await world).end();
}

/** Send each child its order and wait for one answer of each; a child that ends instead is an error. */
function tellAll<T>(children: readonly ChildProcess[], order: (rank: number) => RankOrder): Promise<T[]> {
  return Promise.all(
    children.map(async (child, rank) => {
      const abort = new AbortController();
      const { signal } = abort;
      const exit = once(child, 'exit', { signal }).then(([code, end]) => {
        throw new Error(`rank ${rank} ended: ${String(code ?? end)}`);
      });
      exit.catch(() => undefined);
      const answer = once(child, 'message', { signal }) as Promise<[T]>;
      answer.catch(() => undefined);
      child.send(order(rank));
      try {
        return (await Promise.race([answer, exit]))[0];
      } finally {
        abort.abort();
      }
    }),
  );
}
