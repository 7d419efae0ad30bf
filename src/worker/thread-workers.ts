/** Workers that are threads of this process: all of a pool with `threads`, one of it in a process of `mpi`. */
import { inspect } from 'node:util';
import type { RankOperations } from '../errors.js';
import { isError } from '../show.js';
import type { LeaseGrant } from '../head/leases.js';
import { ValueHosts } from '../head/value-hosts.js';
import type { RecordedRank } from '../records/read-records.js';
import { readOperations } from '../records/read-records.js';
import type { RecordMemory } from '../records/record-layout.js';
import type { TakeTraced } from '../records/take-traced.js';
import { TraceFeed } from '../records/trace-feed.js';
import type { WorkerEvents, WorkerInfo, WorkerSide, WorkerUsage } from '../head/worker-side.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type { ThreadSettings } from '../protocol/control-messages.js';
import type { StorePlace } from '../native/value-stores.js';
import type { AssignMessage, CancelMessage, ForgetMessage, Outcome } from '../protocol/thread-messages.js';
import type { GoOrder } from '../protocol/round-messages.js';
import { decodeValue } from '../protocol/values.js';
import type { AbortKind } from '../backend/abort-reason.js';
import { encodeAbort } from '../backend/abort-reason.js';
import type { HostWindow } from '../backend/window/node-window.js';
import { threadsWindow } from '../backend/window/node-window.js';
import type { MailboxKeeper } from './mailbox-keeper.js';
import { threadMembers } from './members.js';
import type { PrivateThread } from './private-thread.js';
import type { TaskThread, ThreadOptions, ThreadReport } from './task-thread.js';
import { TaskThreads, threadCloseLimitMs } from './task-threads.js';

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
    staysAwake: true,
  });
}

/** The task threads of this process and the window they share. */
export class ThreadWorkers implements WorkerSide {
  readonly workers: readonly WorkerInfo[];
  /** Of a pool with `threads`. */
  readonly values: ValueHosts = new ValueHosts();
  readonly #threads: TaskThreads;
  readonly #isWire: boolean;
  readonly #feed = new TraceFeed();
  /** Warnings that were given. */
  readonly #told = new Set<string>();
  #events: WorkerEvents | undefined;
  #attached: (() => void) | undefined;
  /** All are being ended, to be started again over a new window. */
  #renewing = false;

  /** @param workers - Those of the pool that are threads of this process. */
  constructor(workers: readonly WorkerInfo[], window: HostWindow, options: ThreadOptions) {
    this.workers = workers;
    this.#isWire = options.wire !== undefined;
    const worldRanks = workers.map(({ worldRank }) => worldRank);
    this.#threads = new TaskThreads(worldRanks, window, options, {
      message: (worldRank, thread, message) => {
        this.#receive(worldRank, thread, message);
      },
      dropped: (worldRank, why) => {
        this.#warnOnce(worldRank, why);
      },
      gone: (worldRank, lease, how, ran) => this.#events?.gone(worldRank, lease, how, ran),
      replaced: (worldRank) => this.#events?.replaced(worldRank),
      lost: (error) => this.#events?.lost(error),
      attached: () => this.#attached?.(),
    });
  }

  get window(): HostWindow {
    return this.#threads.window;
  }

  get slots(): number {
    return this.window.node.layout.slots;
  }

  /**
   * Start all threads; resolves when each is ready.
   *
   * @param first - That of the one worker, which has loaded itself meanwhile.
   * @throws {@link LaunchError}
   */
  async start(signal: AbortSignal | undefined, first?: PrivateThread): Promise<void> {
    await this.#threads.start(signal, first);
  }

  /** Where reports go; before the first task. */
  report(events: WorkerEvents): void {
    this.#events = events;
  }

  /**
   * Let the threads of the one worker take tasks from its mailbox, one after another.
   *
   * @param attached - Called when another does.
   */
  attach(mailbox: MailboxKeeper, attached: () => void): void {
    this.#attached = attached;
    this.#threads.attach(mailbox);
  }

  /** Let the ranks note their calls where others of the node read them too. */
  noteIn(memory: RecordMemory): void {
    this.#threads.noteIn(memory);
  }

  /** A worker whose thread is being replaced takes tasks: they wait for the new thread. */
  isAvailable(): boolean {
    return !this.#threads.isClosing && !this.#renewing;
  }
  hold(): void {
    // A thread that is gone is replaced alone.
  }
  refill(): void {
    // A thread that is gone is replaced at once.
  }
  usage(worldRank: number): WorkerUsage {
    const { cpuMs, heapBytes } = this.#threads.get(worldRank) ?? {};
    return { rssBytes: undefined, heapBytes, cpuMs };
  }
  operations(rank: RecordedRank, lease: number, most: number): RankOperations | undefined {
    return readOperations(this.#threads.records, rank, lease, most);
  }
  trace(take: TakeTraced | undefined): Promise<void> {
    const worldRanks = this.workers.map(({ worldRank }) => worldRank);
    if (take) this.#feed.start(this.#threads.records, worldRanks, take);
    else this.#feed.stop();
    return Promise.resolve();
  }
  askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined> {
    return Promise.resolve(this.operations(rank, lease, most));
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
    throw new Error('a thread answers a round at once');
  }
  breakEpoch(): void {
    throw new Error('a thread returns from a round at once');
  }
  renew(text: string): void {
    if (this.#threads.isClosing || this.#renewing) return;
    const { handle } = this.window.node;
    this.#renewing = true;
    this.#threads.endAll();
    this.#threads.window = threadsWindow(handle.module, handle.ranks, handle.windowBytes);
    this.#events?.ending(text);
    this.#threads.startOver();
    this.#renewing = false;
    this.#events?.renewed();
    for (const { worldRank } of this.workers) this.#events?.replaced(worldRank);
  }
  assign(worldRank: number, message: AssignMessage): void {
    const thread = this.#threads.get(worldRank);
    if (!thread) return;
    this.#bind(message);
    thread.assign(message, false);
  }
  takesAhead(worldRank: number, url: string): boolean {
    const thread = this.#threads.get(worldRank);
    return this.isAvailable() && thread?.busy === true && !thread.stale && thread.knows(url);
  }
  assignAhead(worldRank: number, message: AssignMessage): void {
    this.#bind(message);
    this.#threads.get(worldRank)?.assign(message, true);
  }
  takeBack(worldRank: number, lease: number): boolean {
    return this.#threads.get(worldRank)?.takeBack(lease) ?? false;
  }
  #bind(message: AssignMessage): void {
    // Without a shared window the slot is this process's own: nobody else has emptied it after the lease before.
    if (this.#isWire) this.window.node.clear(message.lease.slot);
    this.window.node.bind(message.lease.slot, message.lease.lease);
  }
  cancel(worldRank: number, message: CancelMessage): void {
    this.#threads.get(worldRank)?.post(message);
  }

  taken(worldRank: number, lease: number, sizeBytes: number): void {
    const thread = this.#threads.get(worldRank);
    if (thread?.lease === lease) thread.posts.take(sizeBytes);
  }

  placeOf(_worldRank: number, id: string): StorePlace | undefined {
    return this.values.place(undefined, id);
  }

  forget(worldRank: number, message: ForgetMessage): void {
    this.#threads.get(worldRank)?.post(message);
  }

  end(worldRank: number): void {
    const thread = this.#threads.get(worldRank);
    if (!thread || thread.ending) return;
    const returned = thread.takeBackAll();
    const { lease } = thread;
    // It has begun with the next task, and so has said how the one before ended: that is what was to be ended.
    if (thread.given.hasNext) thread.drain();
    if (thread.lease === lease) this.#threads.end(worldRank);
    const next = this.#threads.get(worldRank);
    for (const task of returned) next?.assign(task, true);
  }

  keepAlive(active: boolean): void {
    this.#threads.keepAlive(active);
  }

  async close(): Promise<void> {
    const left = await this.#threads.close();
    this.values.close();
    if (left.length === 0) return;
    const where = `the thread of worker ${left.join(', ')} sits in native code`;
    const text = `${where} and could not be ended in ${threadCloseLimitMs} ms; the pool closes without it`;
    this.#events?.warning(undefined, text);
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
        // A thread that is to be replaced keeps its task until it is gone: so its end is that task's.
        if (!isLast(message.outcome)) thread.ended();
        if (thread.stale) this.#replace(worldRank, thread);
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
        thread.stale = true;
        this.#replace(worldRank, thread);
      }
    }
  }

  /** End a stale thread, if it runs no task. What it has been given ahead goes to the one that takes its place. */
  #replace(worldRank: number, thread: TaskThread): void {
    const returned = thread.takeBackAll();
    if (!thread.busy) this.#threads.end(worldRank);
    const next = this.#threads.get(worldRank);
    for (const task of returned) next?.assign(task, true);
  }

  /** What a thread does again and again is told once for each worker. */
  #warnOnce(worldRank: number, why: string): void {
    const key = `${worldRank} ${why}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#events?.warning(worldRank, `worker ${worldRank}: ${why}`);
  }
}

/** Whether a thread begins with nothing more after what it reports. */
function isLast(outcome: Outcome): boolean {
  return outcome.kind === 'threw' && outcome.replaceThread;
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
