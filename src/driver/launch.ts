/** Start a pool. */
import { findRuntime } from '../collective/scope.js';
import { UnsupportedError } from '../errors.js';
import { Head } from '../head/head.js';
import type { WorkerEvents, WorkerSide } from '../head/worker-side.js';
import { detectLauncher } from '../launch/family.js';
import { processOptions } from '../launch/process-options.js';
import { ProcessWorkers } from '../launch/process-workers.js';
import { launchedRank } from '../worker/launcher-environment.js';
import { threadWorkers } from '../worker/threads.js';
import type { FilledLaunchOptions, LaunchOptions } from './options.js';
import { fillLaunchOptions } from './options.js';
import type { PoolFacts, PoolStatus } from './pool.js';
import { Pool } from './pool.js';

/**
 * Start a pool of workers; resolves when all of them are ready.
 *
 * The pool keeps the process alive only while tasks are queued or running.
 *
 * @throws {@link InvalidArgumentError}, {@link LaunchError}, and {@link UnsupportedError} inside a task or an SPMD script.
 */
export async function launch(options: LaunchOptions = {}): Promise<Pool> {
  const { head, status, maxMessageBytes } = await startPool(fillLaunchOptions(options));
  return new Pool(head, status, maxMessageBytes);
}

/** A pool of this process. */
export interface StartedPool {
  readonly head: Head;
  readonly status: () => PoolStatus;
  readonly maxMessageBytes: number;
}

/** Start workers and a head. @throws As {@link launch}. */
export async function startPool(filled: FilledLaunchOptions): Promise<StartedPool> {
  const runtime = findRuntime();
  if (runtime?.worker || runtime?.storage.getStore() || (launchedRank(process.env)?.size ?? 1) > 1) {
    throw new UnsupportedError(
      'launch: a task, a script under `shoal run`, or one of several ranks under mpiexec cannot launch a pool of its own; ' +
        'return what is to be done to the driver and let it run further tasks, or start the driver with plain node',
    );
  }
  const { workers, facts } = makeWorkers(filled);
  await workers.start(filled.signal);
  const head = new Head(workers, { ...filled, collectiveTimeoutMs: filled.timeoutMs });
  workers.report(head);
  workers.keepAlive(false);
  const status = (): PoolStatus => ({ ...facts(), ...head.status(), ...head.groups.counts });
  return { head, status, maxMessageBytes: filled.maxMessageBytes };
}

/** Workers that can be started. */
interface Startable extends WorkerSide {
  start(signal: AbortSignal | undefined): Promise<void>;
  report(events: WorkerEvents): void;
}

function makeWorkers(filled: FilledLaunchOptions): { workers: Startable; facts: () => PoolFacts } {
  if (filled.transport === 'threads') {
    const workers = threadWorkers(filled.workers, filled.windowBytes, filled.startTimeoutMs, filled);
    return { workers, facts: () => ({ epoch: 1, transport: 'threads', mpi: undefined, rendezvous: undefined }) };
  }
  const launcher = detectLauncher(filled.mpiexec);
  const options = processOptions(launcher, filled, undefined);
  const { rendezvous } = options.welcome;
  const workers = new ProcessWorkers(options);
  const { family, version } = launcher;
  const mpi = { family, version };
  return { workers, facts: () => ({ epoch: workers.epoch, transport: 'mpi', mpi, rendezvous }) };
}
