/**
 * A pool under random tasks, while its processes are killed, stopped and continued, and its listeners throw. Every task
 * must end in the right result or an error that its ending gives, `close()` must resolve, and nothing may be left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { LaunchOptions, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { randomOf } from '../support/random.js';
import type { Ending, EndingName } from './endings.js';
import { endings, faultOfError, faultOfResults } from './endings.js';
import { heldBytes, remains, traces } from './remains.js';
import { sabotage } from './sabotage.js';

/** What to run. */
export interface ChaosOptions {
  readonly ms: number;
  readonly seed: number;
  readonly transport: 'threads' | 'mpi';
  readonly mpiexec?: string | undefined;
  readonly window: number | false;
  /** With `mpi`: some workers count as on another node, with a node manager of their own, and no memory is shared. */
  readonly twoNodes: boolean;
}

/** What happened how often, and what was wrong. */
export interface ChaosReport {
  readonly counts: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
}

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
const names = (Object.entries(endings) as [EndingName, Ending][]).flatMap(([name, { weight }]) =>
  Array<EndingName>(weight).fill(name),
);
/** Of one pool after the other: with two, the loss of one leaves a single worker for whatever waits. */
const poolSizes = [2, 4] as const;
const inFlight = 6;
const burstSize = 60;
/** Between two bursts. */
const longestPauseMs = 300;
/** How one of a burst ends. */
const shortEnds = ['throw', 'exit', 'late', 'rejected'] as const satisfies readonly EndingName[];
/** At most so many in one gang. */
const tasksOfGang = 5;
/** At most so many for each worker, until a process is killed or stopped. */
const tasksPerLoss = 15;
/** Longer than any deadline of a task, its grace, the end by force and a new epoch together. */
const hangMs = 120_000;
/** What may stay on the heap from one half to the next: caches of code and of the libraries. */
const heapGrowthBytes = 8 * 2 ** 20;
const thrown = 'a listener of the user';

/** Run it; does not throw. What is drawn follows from the seed, what meets when does not. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const counts = new Map<string, number>();
  const count = (what: string, times = 1): void => void counts.set(what, (counts.get(what) ?? 0) + times);
  const faults: string[] = [];
  const random = randomOf(options.seed);
  const onUncaught = (error: Error): void => {
    if (error.message === thrown) count('listeners that threw');
    else faults.push(`uncaught: ${inspect(error)}`);
  };
  process.on('uncaughtException', onUncaught);
  let ended = 0;

  async function oneTask(pool: Pool, workers: number): Promise<void> {
    const name = names[random(names.length)]!;
    // Of two workers mostly one: then such tasks are left when the other worker is lost.
    const size = workers === 2 && random(3) > 0 ? 1 : 1 + random(workers);
    const [afterMs, seed] = [random(60), random(1e6)];
    const { timeoutMs = 30_000 }: Ending = endings[name];
    const controller = new AbortController();
    const handle = pool.submit(tasks, {
      workers: size,
      args: [name, afterMs, seed],
      priority: random(3) - 1,
      timeoutMs,
      ...(name === 'abort' && { signal: controller.signal }),
    });
    if (name === 'cancel') setTimeout(() => handle.cancel(), afterMs);
    if (name === 'abort') setTimeout(() => controller.abort(), afterMs);
    const told = (fault: string, more: unknown): void => {
      if (fault)
        faults.push(`${handle.id}, ${name} on ${size} (seed ${seed}): ${fault}: ${inspect(more, { depth: 8 })}`);
    };
    const result = handle.result().then(
      (results) => {
        told(faultOfResults(name, results, size, seed % size), results);
        count('right');
      },
      (error: unknown) => {
        told(faultOfError(name, error), error);
        count(String((error as { code?: unknown }).code));
      },
    );
    await withinTime(`task ${handle.id}, ${name} on ${size}`, result, pool);
    ended++;
  }

  /** Many short tasks at once, of which workers are given some ahead; one ends badly, and some are cancelled. */
  async function burst(pool: Pool): Promise<void> {
    const [at, end] = [random(burstSize), shortEnds[random(shortEnds.length)]!];
    const all = Array.from({ length: burstSize }, (_, i) => {
      const name: EndingName = i === at ? end : random(10) === 0 ? 'cancel' : 'good';
      return {
        name,
        handle: pool.submit(tasks, { export: 'short', args: [name], priority: random(3) - 1, timeoutMs: 30_000 }),
      };
    });
    for (const { name, handle } of all) if (name === 'cancel') handle.cancel();
    const results = all.map(async ({ name, handle }) => {
      let fault: string;
      try {
        fault = faultOfResults(name, await handle.result(), 1, 0);
        count('short and right');
      } catch (error) {
        fault = faultOfError(name, error);
        count(`short: ${String((error as { code?: unknown }).code)}`);
      }
      if (fault) faults.push(`${handle.id}, short, ${name}: ${fault}`);
    });
    await withinTime(`a burst with one that ends by ${end}`, Promise.all(results), pool);
  }

  /** A gang with some tasks, of which each may end it; then it is closed, with what still waits in it or by force. */
  async function oneGang(pool: Pool, workers: number): Promise<void> {
    const size = 1 + random(workers);
    const gang = await pool.gang({ workers: size });
    const ends: Promise<void>[] = [];
    for (let i = 1 + random(tasksOfGang); i > 0 && gang.state === 'open'; i--) {
      const name = names[random(names.length)]!;
      const [afterMs, seed] = [random(30), random(1e6)];
      const { timeoutMs = 30_000 }: Ending = endings[name];
      const end = async (): Promise<void> => {
        let fault: string;
        try {
          const results = await gang.run(tasks, { args: [name, afterMs, seed], timeoutMs });
          fault = faultOfResults(name, results, size, seed % size);
          count('right in a gang');
        } catch (error) {
          const { code } = error as { code?: unknown };
          // A member was lost, or it is closed by force.
          fault = code === 'ERR_SHOAL_CLOSED' || code === 'ERR_SHOAL_CANCELLED' ? '' : faultOfError(name, error);
          count(`in a gang: ${String(code)}`);
        }
        if (fault) faults.push(`in gang ${gang.id} of ${size}, ${name} (seed ${seed}): ${fault}`);
      };
      ends.push(end());
      if (random(2) === 0) await ends.at(-1);
    }
    await gang.close({ force: random(3) === 0 });
    await Promise.all(ends);
    count('gangs');
  }

  async function half(pool: Pool, workers: number): Promise<number> {
    const until = performance.now() + options.ms / poolSizes.length / 2;
    const goesOn = (): boolean => performance.now() < until && !faults.some((fault) => fault.startsWith('HANG'));
    const lanes = Array.from({ length: inFlight }, async () => {
      while (goesOn()) await oneTask(pool, workers);
    });
    const gangs = (async (): Promise<void> => {
      while (goesOn()) {
        await withinTime('a gang', oneGang(pool, workers), pool);
        await sleep(random(longestPauseMs));
      }
    })();
    const bursts = (async (): Promise<void> => {
      while (goesOn()) {
        await burst(pool);
        await sleep(random(longestPauseMs));
      }
    })();
    const sabotages = (async (): Promise<void> => {
      while (options.transport === 'mpi' && goesOn()) {
        // After some tasks, however fast they are: between two losses there is an epoch with work in it.
        const until = ended + random(workers * tasksPerLoss);
        while (ended < until && goesOn()) await sleep(10);
        await sleep(random(200));
        const done = await sabotage(random);
        if (done !== undefined) count(done);
      }
    })();
    await Promise.all([...lanes, gangs, bursts, sabotages]);
    return heldBytes();
  }

  async function withinTime(what: string, promise: Promise<unknown>, pool: Pool): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        faults.push(`HANG: ${what}\n${inspect(pool.status(), { depth: 4 })}`);
        resolve();
      }, hangMs);
    });
    await Promise.race([promise, limit]);
    clearTimeout(timer);
  }

  const events = ['taskStarted', 'taskDone', 'taskFailed', 'workerDied', 'workerReplaced', 'drain', 'warning'] as const;
  async function onePool(workers: number): Promise<void> {
    const before = traces();
    const pool = await launch({ ...launchOptionsOf(options), workers });
    for (const event of events) {
      pool.on(event, () => {
        count(`event ${event}`);
        if (random(10) === 0) throw new Error(thrown);
      });
    }
    pool.on('message', () => {
      count('messages');
    });
    const [first, second] = [await half(pool, workers), await half(pool, workers)];
    if (second - first > heapGrowthBytes) faults.push(`the heap grew from ${first} to ${second} bytes`);
    count('epochs', pool.status().epoch);
    await withinTime('close()', pool.close(), pool);
    for (const each of await remains(before)) faults.push(`left behind: ${each}`);
  }

  try {
    // Once before: what a first pool loads for good is no leak.
    await (await launch({ ...launchOptionsOf(options), workers: 1 })).close();
    for (const workers of poolSizes) await onePool(workers);
  } catch (error) {
    faults.push(`the pool: ${inspect(error)}`);
  } finally {
    process.off('uncaughtException', onUncaught);
  }
  if (Object.hasOwn(Object.prototype, 'polluted')) faults.push('Object.prototype was changed');
  return { counts, faults };
}

function launchOptionsOf({ transport, mpiexec, window, twoNodes }: ChaosOptions): LaunchOptions {
  return {
    transport,
    window,
    graceMs: 200,
    timeoutMs: 20_000,
    maxRestarts: 1_000,
    startTimeoutMs: 60_000,
    ...(mpiexec !== undefined && { mpiexec }),
    // Ranks of MPI's world that a module puts on another node, and the node manager with them.
    ...(twoNodes && { execArgv: ['--import', new URL('./second-node.js', import.meta.url).href] }),
  };
}
