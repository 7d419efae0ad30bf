/** The task thread of each worker of this process, and the thread that takes its place when it ends. */
import { inspect } from 'node:util';
import type { HostWindow } from '../backend/window/node-window.js';
import { clearTimeout, setTimeout } from '../clock.js';
import { endsWithin } from '../ends-within.js';
import { LaunchError } from '../errors.js';
import { isError } from '../show.js';
import type { AwakeMemory, GoneOutcome } from '../protocol/thread-messages.js';
import { usableCores } from '../native/cores.js';
import { findOs } from '../native/os.js';
import type { RecordMemory } from '../records/record-layout.js';
import { createRecordMemory } from '../records/record-layout.js';
import { Awakener, awakeMemory } from './awake.js';
import type { MailboxKeeper } from './mailbox-keeper.js';
import type { PrivateThread } from './private-thread.js';
import { startWorkerThread } from './private-thread.js';
import type { ThreadOptions, ThreadReport } from './task-thread.js';
import { TaskThread } from './task-thread.js';

/** How long threads may take to end when all are closed, those included that have only begun to start. */
export const threadCloseLimitMs = 6_000;
/** Starts of one worker that may fail in a row before the pool gives up. */
const maxFailedStarts = 5;
/** Wait before a thread that has not started is tried again; doubled with each further failure. */
const backOffMs = 50;

/** What is told of the threads. */
export interface TaskThreadsEvents {
  message(worldRank: number, thread: TaskThread, message: ThreadReport): void;
  /** Something came from a thread that is dropped. */
  dropped(worldRank: number, why: string): void;
  /** A thread has ended; `lease` is the last that it had, `ran` the last whose task it may have run. */
  gone(worldRank: number, lease: number, how: GoneOutcome, ran: number): void;
  /** A worker can be given tasks again. */
  replaced(worldRank: number): void;
  /** Threads cannot be started again. */
  lost(error: Error): void;
  /** A thread takes tasks from the mailbox. */
  attached(): void;
}

/** One per process. */
export class TaskThreads {
  /** The one that threads join when they start. */
  window: HostWindow;
  /** Where the ranks note their calls: it stays when a thread ends. */
  #records: RecordMemory;
  readonly #worldRanks: readonly number[];
  readonly #options: ThreadOptions;
  readonly #events: TaskThreadsEvents;
  readonly #threads = new Map<number, TaskThread>();
  /** A warm thread for each worker that has lost one before. */
  readonly #spares = new Map<number, TaskThread>();
  /** Every thread that has not ended, those included whose place another has taken, and its worker. */
  readonly #living = new Map<TaskThread, number>();
  readonly #awake: AwakeMemory | undefined;
  readonly #failedStarts = new Map<number, number>();
  /** Of the one worker of a process. */
  #mailbox: MailboxKeeper | undefined;
  #closing = false;
  #keepAlive = true;

  constructor(worldRanks: readonly number[], window: HostWindow, options: ThreadOptions, events: TaskThreadsEvents) {
    this.#worldRanks = worldRanks;
    this.window = window;
    this.#options = options;
    this.#events = events;
    const [first = 0] = worldRanks;
    this.#records = createRecordMemory(worldRanks.length, first);
    this.#awake = options.staysAwake
      ? awakeMemory(worldRanks.length, usableCores(), findOs() !== undefined)
      : undefined;
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  get(worldRank: number): TaskThread | undefined {
    return this.#threads.get(worldRank);
  }

  /**
   * Start all threads; resolves when each is ready.
   *
   * @param first - That of the one worker of a process, which has loaded itself meanwhile.
   * @throws {@link LaunchError}
   */
  async start(signal: AbortSignal | undefined, first?: PrivateThread): Promise<void> {
    const starts = this.#worldRanks.map((worldRank) => this.#startFirst(worldRank, first));
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

  get records(): RecordMemory {
    return this.#records;
  }

  /** Let the ranks note their calls where others of the node read them too. */
  noteIn(memory: RecordMemory): void {
    this.#records = memory;
    for (const thread of this.#living.keys()) thread.post({ type: 'records', memory });
  }

  /** Let the threads of the one worker take tasks from a mailbox, one after another. */
  attach(mailbox: MailboxKeeper): void {
    this.#mailbox = mailbox;
    for (const thread of this.#threads.values()) this.#attach(thread);
  }

  /** End a worker's thread by force, and put another in its place. */
  end(worldRank: number): void {
    const thread = this.#threads.get(worldRank);
    if (!thread || thread.ending) return;
    this.#replace(worldRank);
    thread.end();
  }

  /** End all threads; none takes their place before `startOver`. */
  endAll(): void {
    const old = [...this.#threads.values(), ...this.#spares.values()];
    this.#spares.clear();
    for (const thread of old) thread.end();
  }

  /** Start a thread for each worker over another window. They wait for nobody: no thread before them uses it. */
  startOver(): void {
    for (const worldRank of this.#worldRanks) this.#threads.set(worldRank, this.#startNext(worldRank));
    this.keepAlive(this.#keepAlive);
  }

  /** Whether the threads keep the process alive. */
  keepAlive(active: boolean): void {
    this.#keepAlive = active;
    for (const thread of this.#threads.values()) thread.keepAlive(active);
  }

  /** End all threads. Resolves with the workers whose threads could not be ended; these threads are left behind. */
  async close(): Promise<number[]> {
    this.#closing = true;
    for (const thread of [...this.#threads.values(), ...this.#spares.values()]) {
      thread.keepAlive(true);
      thread.end();
    }
    const exits = [...this.#living.keys()].map(({ exit }) => exit);
    if (await endsWithin(Promise.all(exits), threadCloseLimitMs)) return [];
    for (const thread of this.#living.keys()) thread.keepAlive(false);
    return [...new Set(this.#living.values())];
  }

  /** Resolves when the first thread of a worker is ready. */
  #startFirst(worldRank: number, first?: PrivateThread): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        const text = `worker ${worldRank} did not start: ${error.message}`;
        reject(new LaunchError(text, { worldRank }, { cause: error }));
      };
      this.#threads.set(worldRank, this.#spawn(worldRank, resolve, failed, first));
    });
  }

  /** Put a new thread in a worker's place. Two threads never use the same part of the window at once. */
  #replace(worldRank: number): void {
    if (this.#closing) return;
    const next = this.#spares.get(worldRank) ?? this.#startNext(worldRank);
    const old = this.#threads.get(worldRank);
    next.follow(old);
    this.#attach(next);
    for (const task of old?.takeBackAll() ?? []) next.assign(task, true);
    this.#threads.set(worldRank, next);
    this.#spares.set(worldRank, this.#startNext(worldRank));
    this.keepAlive(this.#keepAlive);
  }

  #attach(thread: TaskThread): void {
    if (!this.#mailbox) return;
    thread.attach(this.#mailbox, () => {
      this.#events.attached();
    });
  }

  /** A thread that takes a place, or is a spare. */
  #startNext(worldRank: number): TaskThread {
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
        this.#events.lost(new LaunchError(text, { worldRank }, { cause: error }));
      },
    );
    thread.keepAlive(false);
    return thread;
  }

  #spawn(
    worldRank: number,
    started: () => void,
    failed: (error: Error) => void,
    loaded: PrivateThread = startWorkerThread(worldRank, this.#options.threads),
  ): TaskThread {
    const thread = new TaskThread(
      loaded,
      worldRank,
      this.window,
      this.#options,
      this.#records,
      this.#awakener(worldRank),
      {
        started,
        message: (message) => {
          this.#events.message(worldRank, thread, message);
        },
        dropped: (why) => {
          this.#events.dropped(worldRank, why);
        },
        exited: (how) => {
          if (!thread.ready) failed(startError(thread.error));
          this.#exited(worldRank, thread, how);
          this.#living.delete(thread);
        },
      },
    );
    this.#living.set(thread, worldRank);
    return thread;
  }

  #awakener(worldRank: number): Awakener | undefined {
    return this.#awake && new Awakener(this.#awake, this.#worldRanks.indexOf(worldRank));
  }

  #exited(worldRank: number, thread: TaskThread, how: GoneOutcome): void {
    if (this.#spares.get(worldRank) === thread) this.#spares.delete(worldRank);
    // One of a window that is no longer used: nothing waits for it.
    if (this.#closing || thread.node !== this.window.node) return;
    const inUse = this.#threads.get(worldRank) === thread;
    if (!inUse && !thread.ending) return; // a spare
    const failed = this.#failedStarts.get(worldRank) ?? 0;
    if (inUse && failed > 0 && failed < maxFailedStarts) {
      this.#tryAgain(worldRank, thread, backOffMs * 2 ** failed);
      this.#events.gone(worldRank, thread.lease, how, thread.ran);
      return;
    }
    if (inUse && failed === 0) this.#replace(worldRank);
    // The thread itself checks its memory when its task ends; this one could not.
    const damage = thread.busy ? this.window.node.damage() : undefined;
    const [lease = thread.lease, ...begun] = thread.given.leases;
    this.#events.gone(worldRank, lease, { ...how, damage }, thread.ran);
    // Its end with the one before was told to nobody.
    for (const other of begun) this.#events.gone(worldRank, other, how, other);
    if (damage !== undefined && thread.node !== this.window.node) return;
    this.#events.replaced(worldRank);
  }

  /** What made a start fail, such as a lack of memory, may pass; until then the worker takes no task. */
  #tryAgain(worldRank: number, thread: TaskThread, delayMs: number): void {
    setTimeout(() => {
      if (this.#closing || this.#threads.get(worldRank) !== thread) return;
      this.#replace(worldRank);
      this.#events.replaced(worldRank);
    }, delayMs);
  }
}

function startError(error: unknown): Error {
  if (isError(error)) return error;
  return new Error(error === undefined ? 'its thread ended before it was ready' : inspect(error));
}
