/** Ranks that share one thread: the same engine and kernels, for unit tests of task code. */
import { awaitForCaller } from '../caller-lines.js';
import { nextTick } from '../clock.js';
import type { EngineHost } from '../calls/engine.js';
import { RankEngine } from '../calls/engine.js';
import { becomeDriver, installRuntime } from '../collective/scope.js';
import { WindowBackend } from '../backend/window/window-backend.js';
import { InvalidArgumentError, NotAwaitedError } from '../errors.js';
import { show } from '../show.js';
import type { TaskMessage } from '../head/pool-events.js';
import { createRecordMemory } from '../records/record-layout.js';
import { Recorder } from '../records/recorder.js';
import type { RankOutcome } from '../head/verdict.js';
import { judge } from '../head/verdict.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type { Outcome } from '../protocol/thread-messages.js';
import { decodeValue, encodeValue } from '../protocol/values.js';
import { LocalDoorbell } from '../backend/window/local-doorbell.js';
import { createWindow } from '../backend/window/node-window.js';
import { RankWindow } from '../backend/window/rank-window.js';
import { threadMembers } from './members.js';
import { encodeError } from '../protocol/error-value.js';
import { RankTask } from './rank-task.js';

const windowBytes = 16 * 1024 * 1024;
const collectiveTimeoutMs = 30_000;
const maxRanks = 64;

let kernels: WebAssembly.Module | undefined;
let worlds = 0;

/**
 * What {@link runRanks} takes in the place of a number of ranks.
 *
 * @example
 * import { context } from 'shoal/worker';
 *
 * const options: RunRanksOptions = { size: 2, onMessage: ({ rank, value }) => console.log(rank, value) };
 * await runRanks(options, () => context.post('here'));
 */
export interface RunRanksOptions {
  /** Number of ranks, 1 to 64. */
  readonly size: number;
  /** Gets what the ranks give to `context.post`, as listeners of `pool.on('message')` do, before the results. */
  readonly onMessage?: ((message: TaskMessage) => void) | undefined;
}

/**
 * Run a function as `size` ranks in this thread, each in its own async context with its own `collective` and `context`.
 *
 * Arguments and results are copied as between driver and task. Blocking collectives throw ERR_SHOAL_UNSUPPORTED,
 * since the ranks share the thread. Freed window memory is filled with 0xFF. Collectives have a deadline of 30 s.
 *
 * @param world - Number of ranks, 1 to 64, or it as `size` with further options.
 * @returns What the function returned on each rank, in rank order.
 * @throws {@link InvalidArgumentError}, or the error with which the same task would fail on a pool.
 * @example
 * import { collective } from 'shoal/worker';
 *
 * async function total(mine: number): Promise<number> {
 *   return collective.allreduce(mine + collective.rank);
 * }
 * console.log(await runRanks(3, total, 10)); // [ 33, 33, 33 ]
 */
export function runRanks<A extends unknown[], R>(
  world: number | RunRanksOptions,
  fn: (...args: A) => R,
  ...args: A
): Promise<Awaited<R>[]> {
  return awaitForCaller(() => runHere(world, fn, args));
}

async function runHere<A extends unknown[], R>(
  world: number | RunRanksOptions,
  fn: (...args: A) => R,
  args: A,
): Promise<Awaited<R>[]> {
  const { size, onMessage } = optionsOf(world);
  if (!Number.isInteger(size) || size < 1 || size > maxRanks) {
    throw new InvalidArgumentError(
      `runRanks: expected size to be an integer from 1 to ${maxRanks}, received ${show(size)}`,
    );
  }
  if (typeof fn !== 'function') {
    throw new InvalidArgumentError(`runRanks: expected a function, received ${show(fn)}`);
  }
  const node = createWindow((kernels ??= compileKernels()), size, windowBytes);
  const doorbells = Array.from({ length: size }, () => new LocalDoorbell());
  const records = createRecordMemory(size);
  const engines = doorbells.map((doorbell, rank) => {
    const window = new RankWindow(node, rank, (to) => doorbells[to]?.notify());
    return new RankEngine(new WindowBackend(window), doorbell, localHost, new Recorder(rank, records));
  });
  return runOn(engines, fn, args, onMessage);
}

function optionsOf(world: unknown): RunRanksOptions {
  if (typeof world !== 'object' || world === null) return { size: world as number };
  const { size, onMessage, ...others } = world as RunRanksOptions;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`runRanks: expected options among size, onMessage, received ${show(unknown)}`);
  }
  if (onMessage !== undefined && typeof onMessage !== 'function') {
    throw new InvalidArgumentError(`runRanks: expected onMessage to be a function, received ${show(onMessage)}`);
  }
  return { size, ...(onMessage && { onMessage }) };
}

/** What engines ask of a thread that all ranks share. */
export const localHost: EngineHost = {
  warn: (message) => {
    process.emitWarning(message, { type: 'ShoalWarning' });
  },
  // One thread: nobody can be busy while somebody else checks.
  reportStuck: () => undefined,
};

/** Run a function on each of these engines, which reach each other; as {@link runRanks}. */
export async function runOn<A extends unknown[], R>(
  engines: readonly RankEngine[],
  fn: (...args: A) => R,
  args: A,
  onMessage?: (message: TaskMessage) => void,
): Promise<Awaited<R>[]> {
  const encodedArgs = encodeValue(args, 'args');
  becomeDriver();
  const runtime = installRuntime();
  const members = threadMembers(engines.length);
  const lease = { lease: 1, slot: 0, taskId: `local${++worlds}`, communicator: 1, members };
  const tasks = engines.map((engine, rank) => {
    const post = (value: Uint8Array): boolean => {
      if (onMessage) nextTick(onMessage, { taskId: lease.taskId, rank, value: decodeValue(value) });
      return true;
    };
    const options = { lease: { ...lease, rank }, attempt: 1, timeoutMs: collectiveTimeoutMs, poison: true, post };
    return new RankTask(engine, runtime, options, false);
  });
  const outcomes: RankOutcome[] = [];
  const runOne = async (task: RankTask, rank: number): Promise<void> => {
    const outcome = await outcomeOf(task, fn, decodeValue(encodedArgs) as A);
    outcomes.push({ rank, outcome });
    // As on a pool: a rank that is in no collective hears of it by its signal.
    if (outcome.kind === 'threw') for (const each of tasks) each.cancel(new Error(`rank ${rank} failed`));
  };
  await Promise.all(tasks.map(runOne));
  for (const task of tasks) task.close();
  // What was posted is told first.
  await new Promise<void>((resolve) => {
    nextTick(resolve);
  });
  const verdict = judge(lease.taskId, outcomes);
  if ('error' in verdict) throw verdict.error;
  return verdict.results as Awaited<R>[];
}

async function outcomeOf<A extends unknown[]>(task: RankTask, fn: (...args: A) => unknown, args: A): Promise<Outcome> {
  let origin: 'task' | 'result' = 'task';
  try {
    const result = await task.run(() => fn(...args));
    origin = 'result';
    task.assertAwaited();
    const damage = task.group.damage();
    if (damage) throw damage;
    return { kind: 'returned', value: encodeValue(result, 'result'), ...task.finish() };
  } catch (thrown) {
    const damage = task.group.damage();
    const error = damage ?? thrown;
    if (origin === 'result' && error instanceof NotAwaitedError) {
      // The others' calls that nobody awaits either would reject, with nobody to handle it.
      task.finish();
    } else {
      task.fail(error);
      task.cancel(error);
    }
    return { kind: 'threw', error: encodeError(error, Infinity), origin, replaceThread: false, damage: damage?.where };
  }
}
