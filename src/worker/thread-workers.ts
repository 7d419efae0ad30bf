/** Workers that are threads of this process: all of a pool with `threads`, one of it in a process of `mpi`. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { clearTimeout, setTimeout } from '../clock.js';
import { LaunchError, isError } from '../errors.js';
import type { LeaseGrant } from '../head/leases.js';
import type { WorkerEvents, WorkerInfo, WorkerSide, WorkerUsage } from '../head/worker-side.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type { ThreadSettings } from '../protocol/control-messages.js';
import type { AssignMessage, CancelMessage, GoneOutcome } from '../protocol/thread-messages.js';
import type { GoOrder } from '../protocol/round-messages.js';
import { decodeValue } from '../protocol/values.js';
import type { AbortKind } from '../backend/abort-reason.js';
import { encodeAbort } from '../backend/abort-reason.js';
import type { HostWindow } from '../backend/window/node-window.js';
import { threadsWindow } from '../backend/window/node-window.js';
import { endsWithin } from '../ends-within.js';
import { threadMembers } from './members.js';
import type { ThreadOptions, ThreadReport } from './task-thread.js';
import { TaskThread } from './task-thread.js';

/** All workers of a pool as threads of this process. */
export function threadWorkers(
  size: number,
  windowBytes: number | false,
  startTimeoutMs: number,
  threads: ThreadSettings,
): ThreadWorkers {
  const workers = threadMembers(size).map((member) => ({ ...member, nodeKey: '' }));
  return new ThreadWorkers(workers, threadsWindow(compileKernels(), size, windowBytes), {
    startTimeoutMs,
    threads,
    wire: undefined,
    movesArguments: false,
  });
}

/** How long threads may take to end when all are closed, those included that have only begun to start. */
const closeLimitMs = 6_000;
/** Starts of one worker that may fail in a row before the pool gives up. */
const maxFailedStarts = 5;
/** Wait before a thread that has not started is tried again; doubled with each further failure. */
const backOffMs = 50;

/** The task threads of this process and the window they share. */
export class ThreadWorkers implements WorkerSide {
  readonly workers: readonly WorkerInfo[];
  window: HostWindow;
  readonly #options: ThreadOptions;
  readonly #threads = new Map<number, TaskThread>();
  /** A warm thread for each worker that has lost one before. */
  readonly #spares = new Map<number, TaskThread>();
  readonly #exits = new Set<Promise<void>>();
  readonly #failedStarts = new Map<number, number>();
  /** Warnings that were given. */
  readonly #told = new Set<string>();
  #events: WorkerEvents | undefined;
  #closing = false;
  /** All are being ended, to be started again over a new window. */
  #renewing = false;
  #keepAlive = true;

  /** @param workers - Those of the pool that are threads of this process. */
  constructor(workers: readonly WorkerInfo[], window: HostWindow, options: ThreadOptions) {
    this.workers = workers;
    this.window = window;
    this.#options = options;
  }

  get slots(): number {
    return this.window.node.layout.slots;
  }

  /** Start all threads; resolves when each is ready. @throws {@link LaunchError} */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const starts = this.workers.map(({ worldRank }) => {
      return new Promise<void>((resolve, reject) => {
        const failed = (error: Error): void => {
          reject(
            new LaunchError(`worker ${worldRank} did not start: ${error.message}`, { worldRank }, { cause: error }),
          );
        };
        this.#threads.set(worldRank, this.#spawn(worldRank, resolve, failed));
      });
    });
    const { startTimeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const late = [...this.#threads].flatMap(([worldRank, { ready }]) => (ready ? [] : [worldRank]));
        const text = `workers ${late.join(', ')} were not ready within startTimeoutMs (${startTimeoutMs} ms)`;
        reject(new LaunchError(text, { workers: late }));
      }, startTimeoutMs);
      const abort = (): void => {
        reject(new LaunchError('the launch was aborted by its signal', {}, { cause: signal?.reason }));
      };
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
    });
    try {
      await Promise.race([Promise.all(starts), limit]);
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      limit.catch(() => undefined);
      for (const start of starts) start.catch(() => undefined);
    }
  }

  /** Where reports go; before the first task. */
  report(events: WorkerEvents): void {
    this.#events = events;
  }

  /** A worker whose thread is being replaced takes tasks: they wait for the new thread. */
  isAvailable(): boolean {
    return !this.#closing && !this.#renewing;
  }
  refill(): void {
    // A thread that is gone is replaced at once.
  }
  usage(worldRank: number): WorkerUsage {
    return { rssBytes: undefined, cpuMs: this.#threads.get(worldRank)?.cpuMs };
  }
  clear(slot: number): void {
    this.window.node.clear(slot);
    this.#events?.cleared(slot);
  }
  abort({ slot, lease }: LeaseGrant, kind: AbortKind, rank: number | undefined, worldRanks: readonly number[]): void {
    this.window.node.abort(slot, lease, encodeAbort(kind, rank));
    for (const worldRank of worldRanks) this.window.notify(worldRank);
  }
  markDead({ slot }: LeaseGrant, rank: number): void {
    this.window.node.markDead(slot, rank);
  }
  /** Threads need no MPI for their groups: the head's table is all there is. */
  prepare(worldRank: number, round: number): void {
    this.#events?.ready(worldRank, round);
  }
  go(worldRank: number, { round }: GoOrder): void {
    this.#events?.done(worldRank, round);
  }
  putAside(): void {
    assert.fail('a thread answers a round at once');
  }
  breakEpoch(): void {
    assert.fail('a thread returns from a round at once');
  }
  renew(text: string): void {
    if (this.#closing || this.#renewing) return;
    const { handle } = this.window.node;
    this.#renewing = true;
    const old = [...this.#threads.values(), ...this.#spares.values()];
    this.#spares.clear();
    for (const thread of old) thread.end();
    this.window = threadsWindow(handle.module, handle.ranks, handle.windowBytes);
    this.#events?.ending(text);
    // They wait for nobody: no thread before them uses this window.
    for (const { worldRank } of this.workers) this.#threads.set(worldRank, this.#spawnReplacement(worldRank));
    this.#renewing = false;
    this.keepAlive(this.#keepAlive);
    this.#events?.renewed();
    for (const { worldRank } of this.workers) this.#events?.replaced(worldRank);
  }
  assign(worldRank: number, message: AssignMessage): void {
    const thread = this.#threads.get(worldRank);
    if (!thread) return;
    // Without a shared window the slot is this process's own: nobody else has emptied it after the lease before.
    if (this.#options.wire) this.window.node.clear(message.lease.slot);
    this.window.node.bind(message.lease.slot, message.lease.lease);
    thread.lease = message.lease.lease;
    thread.busy = true;
    thread.posts.reset();
    thread.post(message);
  }
  cancel(worldRank: number, message: CancelMessage): void {
    this.#threads.get(worldRank)?.post(message);
  }

  taken(worldRank: number, lease: number, sizeBytes: number): void {
    const thread = this.#threads.get(worldRank);
    if (thread?.lease === lease) thread.posts.take(sizeBytes);
  }

  end(worldRank: number): void {
    const thread = this.#threads.get(worldRank);
    if (!thread || thread.ending) return;
    this.#replace(worldRank);
    thread.end();
  }

  keepAlive(active: boolean): void {
    this.#keepAlive = active;
    for (const thread of this.#threads.values()) thread.keepAlive(active);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const thread of [...this.#threads.values(), ...this.#spares.values()]) {
      thread.keepAlive(true);
      thread.end();
    }
    if (await endsWithin(Promise.all(this.#exits), closeLimitMs)) return;
    const left = [...this.#threads].filter(([, thread]) => thread.ending && !thread.gone);
    for (const [, thread] of left) thread.keepAlive(false);
    const who = left.map(([worldRank]) => worldRank).join(', ');
    this.#events?.warning(
      undefined,
      `the thread of worker ${who} sits in native code and could not be ended in ${closeLimitMs} ms; the pool closes without it`,
    );
  }

  /** Put a new thread in a worker's place. Two threads never use the same part of the window at once. */
  #replace(worldRank: number): void {
    if (this.#closing) return;
    const next = this.#spares.get(worldRank) ?? this.#spawnReplacement(worldRank);
    next.follow(this.#threads.get(worldRank));
    this.#threads.set(worldRank, next);
    this.#spares.set(worldRank, this.#spawnReplacement(worldRank));
    this.keepAlive(this.#keepAlive);
  }

  #spawnReplacement(worldRank: number): TaskThread {
    const thread = this.#spawn(
      worldRank,
      () => {
        this.#failedStarts.set(worldRank, 0);
      },
      (error) => {
        if (this.#closing || thread.ending) return;
        const failed = (this.#failedStarts.get(worldRank) ?? 0) + 1;
        this.#failedStarts.set(worldRank, failed);
        if (failed < maxFailedStarts) return;
        const text = `worker ${worldRank} cannot be started again: ${error.message}`;
        this.#events?.lost(new LaunchError(text, { worldRank }, { cause: error }));
      },
    );
    thread.keepAlive(false);
    return thread;
  }

  #spawn(worldRank: number, started: () => void, failed: (error: Error) => void): TaskThread {
    const thread = new TaskThread(worldRank, this.window, this.#options, {
      started,
      message: (message) => {
        this.#receive(worldRank, thread, message);
      },
      dropped: (why) => {
        this.#warnOnce(worldRank, why);
      },
      exited: (how) => {
        if (!thread.ready) failed(startError(thread.error));
        this.#exited(worldRank, thread, how);
        this.#exits.delete(thread.exit);
      },
    });
    this.#exits.add(thread.exit);
    return thread;
  }

  #receive(worldRank: number, thread: TaskThread, message: ThreadReport): void {
    const events = this.#events;
    // One that is being ended has nothing to report but what its user may want to read.
    if (thread.ending && message.type !== 'warning') return;
    switch (message.type) {
      case 'outcome':
        // Once for each lease, whatever the thread says.
        if (!thread.busy || message.lease !== thread.lease) {
          this.#warnOnce(
            worldRank,
            'its thread reported the end of a task that it does not run; the report was dropped',
          );
          break;
        }
        thread.busy = false;
        if (thread.stale) this.end(worldRank);
        events?.outcome(worldRank, message.taskId, message.outcome);
        break;
      case 'posted':
        if (thread.busy && message.lease === thread.lease) events?.posted(worldRank, message.lease, message.value);
        break;
      case 'warning':
        events?.warning(worldRank, message.message);
        break;
      case 'stuck':
        if (thread.busy && message.lease === thread.lease) events?.stuck(message.taskId, message.rank);
        break;
      case 'stray': {
        const text = `an error escaped on worker ${worldRank} outside the task that runs there: ${textOf(message.error)}`;
        events?.warning(worldRank, text);
        if (thread.busy) thread.stale = true;
        else this.end(worldRank);
      }
    }
  }

  /** What a thread does again and again is told once for each worker. */
  #warnOnce(worldRank: number, why: string): void {
    const key = `${worldRank} ${why}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#events?.warning(worldRank, `worker ${worldRank}: ${why}`);
  }

  #exited(worldRank: number, thread: TaskThread, how: GoneOutcome): void {
    if (this.#spares.get(worldRank) === thread) this.#spares.delete(worldRank);
    // One of a window that is no longer used: nothing waits for it.
    if (this.#closing || thread.node !== this.window.node) return;
    const inUse = this.#threads.get(worldRank) === thread;
    if (!inUse && !thread.ending) return; // a spare
    const failed = this.#failedStarts.get(worldRank) ?? 0;
    if (inUse && failed > 0 && failed < maxFailedStarts) {
      // What made it fail, such as a lack of memory, may pass; until then the worker takes no task.
      setTimeout(
        () => {
          if (this.#closing || this.#threads.get(worldRank) !== thread) return;
          this.#replace(worldRank);
          this.#events?.replaced(worldRank);
        },
        backOffMs * 2 ** failed,
      );
      this.#events?.gone(worldRank, thread.lease, how);
      return;
    }
    if (inUse && failed === 0) this.#replace(worldRank);
    // The thread itself looks at its memory when its task ends; this one could not.
    const damage = thread.busy ? this.window.node.damage() : undefined;
    this.#events?.gone(worldRank, thread.lease, { ...how, damage });
    if (damage !== undefined && thread.node !== this.window.node) return;
    this.#events?.replaced(worldRank);
  }
}

function startError(error: unknown): Error {
  if (isError(error)) return error;
  return new Error(error === undefined ? 'its thread ended before it was ready' : inspect(error));
}

/** An error of user code as text; it may not be decodable. */
function textOf(encoded: Uint8Array): string {
  try {
    const error = decodeValue(encoded);
    return isError(error) ? (error.stack ?? error.message) : inspect(error);
  } catch (cause) {
    return `one that cannot be decoded: ${(cause as Error).message}`;
  }
}
