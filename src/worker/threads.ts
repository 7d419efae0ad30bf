/** Workers that are threads of this process: the control side of the `threads` transport. */
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import { LaunchError } from '../errors.js';
import type { WorkerEvents, WorkerInfo, WorkerSide } from '../head/worker-side.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type {
  AssignMessage,
  CancelMessage,
  FromThread,
  OutputBoot,
  ThreadBoot,
  ToThread,
} from '../protocol/messages.js';
import { decodeValue, encodeValue } from '../protocol/values.js';
import type { AbortKind } from '../window/abort-reason.js';
import { encodeAbort } from '../window/abort-reason.js';
import type { NodeWindow } from '../window/node-window.js';
import { createWindow } from '../window/node-window.js';
import { namesLoader } from './load-module.js';

/** How to start threads; all filled. */
export interface ThreadOptions {
  readonly workers: number;
  readonly windowBytes: number;
  readonly startTimeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly output: OutputBoot;
}

/** Starts of one worker that may fail in a row before the pool gives up. */
const maxFailedStarts = 3;

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  /** Ended by us: no crash. */
  ending: boolean;
  error: Error | undefined;
  /** The last lease it was given. */
  lease: number;
  /** Has a task whose outcome is still to come. */
  busy: boolean;
  /** An error escaped in it while no task ran: replaced once its task, if it got one since, has ended. */
  stale: boolean;
  /** Resolves when the thread before it on this worker is gone; undefined once it is. */
  predecessor: Promise<void> | undefined;
  readonly exit: Promise<void>;
}

/** All threads of one pool and the window they share. */
export class ThreadWorkers implements WorkerSide {
  readonly workers: readonly WorkerInfo[];
  readonly window: NodeWindow;
  readonly #options: ThreadOptions;
  readonly #threads: Thread[] = [];
  /** A warm thread for each worker that has lost one before. */
  readonly #spares = new Map<number, Thread>();
  readonly #exits = new Set<Promise<void>>();
  readonly #failedStarts: number[];
  #events: WorkerEvents | undefined;
  #closing = false;
  #keepAlive = true;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.window = createWindow(compileKernels(), options.workers, options.windowBytes);
    this.#failedStarts = new Array<number>(options.workers).fill(0);
    this.workers = Array.from({ length: options.workers }, (_, worldRank) => {
      return { worldRank, pid: process.pid, hostname: hostname() };
    });
  }

  get slots(): number {
    return this.window.layout.slots;
  }

  /** Start all threads; resolves when each is ready. @throws {@link LaunchError} */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const starts = this.workers.map(({ worldRank }) => {
      return new Promise<void>((resolve, reject) => {
        this.#threads[worldRank] = this.#spawn(worldRank, resolve, (error) => {
          reject(
            new LaunchError(`worker ${worldRank} did not start: ${error.message}`, { worldRank }, { cause: error }),
          );
        });
      });
    });
    const { startTimeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const late = this.#threads.flatMap(({ ready }, worldRank) => (ready ? [] : [worldRank]));
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

  grant(slot: number): void {
    this.window.grant(slot);
  }
  abort(slot: number, kind: AbortKind, rank: number | undefined, worldRanks: readonly number[]): void {
    this.window.abort(slot, encodeAbort(kind, rank));
    for (const worldRank of worldRanks) this.window.ring(worldRank);
  }
  markDead(slot: number, rank: number): void {
    this.window.markDead(slot, rank);
  }
  assign(worldRank: number, message: AssignMessage): void {
    const thread = this.#threads[worldRank];
    if (thread) Object.assign(thread, { lease: message.lease.lease, busy: true });
    this.#post(worldRank, message);
  }
  cancel(worldRank: number, message: CancelMessage): void {
    this.#post(worldRank, message);
  }

  end(worldRank: number): void {
    const thread = this.#threads[worldRank];
    if (!thread || thread.ending) return;
    thread.ending = true;
    this.#replace(worldRank);
    void thread.worker.terminate();
  }

  keepAlive(active: boolean): void {
    this.#keepAlive = active;
    for (const { worker } of this.#threads) {
      if (active) worker.ref();
      else worker.unref();
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const thread of [...this.#threads, ...this.#spares.values()]) {
      thread.ending = true;
      thread.worker.ref();
      void thread.worker.terminate();
    }
    await Promise.all(this.#exits);
  }

  #post(worldRank: number, message: ToThread): void {
    const thread = this.#threads[worldRank];
    if (!thread?.predecessor) thread?.worker.postMessage(message);
    else
      void thread.predecessor.then(() => {
        thread.worker.postMessage(message);
      });
  }

  /** Put a new thread in a worker's place. Two threads never use the same part of the window at once. */
  #replace(worldRank: number): void {
    if (this.#closing) return;
    const old = this.#threads[worldRank];
    const next = this.#spares.get(worldRank) ?? this.#spawnReplacement(worldRank);
    next.predecessor = old?.exit.then(() => {
      next.predecessor = undefined;
    });
    this.#threads[worldRank] = next;
    this.#spares.set(worldRank, this.#spawnReplacement(worldRank));
    this.keepAlive(this.#keepAlive);
  }

  #spawnReplacement(worldRank: number): Thread {
    const thread = this.#spawn(
      worldRank,
      () => (this.#failedStarts[worldRank] = 0),
      (error) => {
        if (this.#closing || thread.ending) return;
        const failed = (this.#failedStarts[worldRank] ?? 0) + 1;
        this.#failedStarts[worldRank] = failed;
        if (failed >= maxFailedStarts) this.#events?.lost(worldRank, error);
      },
    );
    thread.worker.unref();
    return thread;
  }

  #spawn(worldRank: number, started: () => void, failed: (error: Error) => void): Thread {
    const { env, execArgv, resourceLimits, output } = this.#options;
    const boot: ThreadBoot = {
      kind: 'shoal-task-thread',
      window: this.window.handle,
      worldRank,
      output,
      script: undefined,
      foreignLoader: namesLoader(execArgv ?? process.execArgv),
    };
    const worker = new Worker(taskThreadFile(), {
      workerData: boot,
      name: `shoal worker ${worldRank}`,
      ...(env && { env: { ...process.env, ...env } }),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(resourceLimits && { resourceLimits }),
    });
    const exit = new Promise<void>((resolve) =>
      worker.on('exit', () => {
        resolve();
      }),
    );
    const thread: Thread = {
      worker,
      ready: false,
      ending: false,
      error: undefined,
      lease: 0,
      busy: false,
      stale: false,
      predecessor: undefined,
      exit,
    };
    this.#exits.add(exit);
    worker.on('message', (message: FromThread) => {
      if (message.type === 'ready') {
        thread.ready = true;
        started();
      } else this.#receive(worldRank, thread, message);
    });
    worker.on('error', (error: Error) => (thread.error = error));
    worker.on('exit', (exitCode) => {
      if (!thread.ready) failed(thread.error ?? new Error(`its thread ended with exit code ${exitCode}`));
      this.#exited(worldRank, thread, exitCode);
      this.#exits.delete(exit);
    });
    return thread;
  }

  #receive(worldRank: number, thread: Thread, message: Exclude<FromThread, { type: 'ready' }>): void {
    const events = this.#events;
    switch (message.type) {
      case 'outcome':
        if (thread.ending) break;
        thread.busy = false;
        if (thread.stale) this.end(worldRank);
        events?.outcome(worldRank, message.taskId, message.outcome);
        break;
      case 'warning':
        events?.warning(worldRank, message.message);
        break;
      case 'stuck':
        events?.stuck(message.taskId, message.rank);
        break;
      case 'stray': {
        const error = decodeValue(message.error);
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        events?.warning(worldRank, `an error escaped on worker ${worldRank} outside the task that runs there: ${text}`);
        if (thread.busy) thread.stale = true;
        else this.end(worldRank);
      }
    }
  }

  #exited(worldRank: number, thread: Thread, exitCode: number): void {
    if (this.#spares.get(worldRank) === thread) this.#spares.delete(worldRank);
    if (this.#closing) return;
    const inUse = this.#threads[worldRank] === thread;
    if (!inUse && !thread.ending) return; // a spare
    if (inUse && (this.#failedStarts[worldRank] ?? 0) < maxFailedStarts) this.#replace(worldRank);
    this.#events?.gone(worldRank, thread.lease, howGone(thread, exitCode));
    this.#events?.replaced(worldRank);
  }
}

function howGone({ ending, error }: Thread, exitCode: number): Parameters<WorkerEvents['gone']>[2] {
  if (ending) return { kind: 'ended' };
  return error ? { kind: 'died', error: encodeValue(error, 'error') } : { kind: 'exited', exitCode };
}

/** File of the task thread's entry. */
export function taskThreadFile(): string {
  return fileURLToPath(import.meta.resolve('#task-thread'));
}
