/** Workers that are processes under `mpiexec`: the head's side of the `mpi` transport. */
import { LaunchError } from '../errors.js';
import type { LeaseGrant } from '../head/leases.js';
import type { ProcessUsage } from '../native/proc.js';
import { nodeKey } from '../native/proc.js';
import type { StartPhases, WorkerEvents, WorkerInfo, WorkerSide } from '../head/worker-side.js';
import type { AssignMessage, CancelMessage } from '../protocol/messages.js';
import type { GoOrder } from '../protocol/round-messages.js';
import { decodeValue, encodeValue } from '../protocol/values.js';
import type { AbortKind } from '../window/abort-reason.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import { encodeAbort } from '../window/abort-reason.js';
import { slotsOf } from '../window/layout.js';
import { worldMembers } from '../worker/members.js';
import { LeaseBooks } from './lease-books.js';
import type { NodeStatus } from './job-nodes.js';
import type { JobOptions } from './mpi-job.js';
import { MpiJob } from './mpi-job.js';

/** A task thread that sits in native code for good is ended with its process after this time. */
const stubbornLimitMs = 3_000;
/** How often workers that run a task are looked at; stopped twice in a row is dead. */
const lookMs = 1_000;
/** Wait before the first restart, doubled with each further one. */
const backOffMs = 250;

/** Options of the pool's jobs; all filled. */
export interface ProcessOptions extends JobOptions {
  /** Jobs started in a row, each after the loss of a worker, before the pool gives up. */
  readonly maxRestarts: number;
  /** Whether all are started again for the loss of one, or only when that is needed. */
  readonly onWorkerLost: OnWorkerLost;
}

/** What a pool does when it has lost a worker. */
export type OnWorkerLost = 'restart' | 'continue';

/** One pool's workers, through as many jobs (epochs) as it takes. */
export class ProcessWorkers implements WorkerSide {
  workers: readonly WorkerInfo[] = [];
  /** Of every process so far, the latest last. */
  readonly starts: StartPhases[] = [];
  /** Counts the jobs, from 1. */
  epoch = 0;
  readonly #options: ProcessOptions;
  readonly #books: LeaseBooks;
  /** The last lease of each worker. */
  readonly #leases = new Map<number, number>();
  /** Workers whose task has not reported its end. */
  readonly #busy = new Set<number>();
  readonly #lost = new Set<number>();
  readonly #stubborn = new Map<number, NodeJS.Timeout>();
  readonly #abortStart = new AbortController();
  #stopped: readonly number[] = [];
  #look: NodeJS.Timeout | undefined;
  #job: MpiJob | undefined;
  #events: WorkerEvents | undefined;
  #isRestarting = false;
  /** A task waits for more workers than live. */
  #tooFew = false;
  #restarting: Promise<void> | undefined;
  #restarts = 0;
  #closing = false;
  #keepAlive = true;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#books = new LeaseBooks(
      (keeper, slot, rank) => this.#job?.send(keeper, { type: 'markDead', slot, rank }),
      (keeper, slot) => this.#job?.send(keeper, { type: 'clear', slot }),
    );
  }

  /** Of the job that runs. */
  get nodes(): readonly NodeStatus[] {
    return this.#job?.nodes ?? [];
  }

  get slots(): number {
    return slotsOf(this.#options.ranks);
  }

  /** Start the first job. @throws {@link LaunchError} */
  async start(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#startJob(signal);
    } catch (error) {
      await this.#options.nodes.close();
      throw error;
    }
  }

  /** Where reports go; before the first task. */
  report(events: WorkerEvents): void {
    this.#events = events;
  }

  isAvailable(worldRank: number): boolean {
    return !this.#lost.has(worldRank) && !this.#isRestarting && !this.#closing;
  }

  usage(worldRank: number): ProcessUsage | undefined {
    return this.#job?.usage(worldRank);
  }

  clear(slot: number): void {
    this.#books.clear(slot);
    // The last task of a job that has lost a worker has ended.
    this.#restartIfIdle();
  }

  abort({ slot, lease }: LeaseGrant, kind: AbortKind, rank: number | undefined, worldRanks: readonly number[]): void {
    const reason = encodeAbort(kind, rank);
    for (const worldRank of worldRanks) this.#job?.send(worldRank, { type: 'abort', slot, lease, reason });
  }

  markDead({ slot }: LeaseGrant, rank: number): void {
    this.#books.markDead(slot, rank);
  }

  prepare(worldRank: number, round: number): void {
    this.#job?.send(worldRank, { type: 'prepare', round });
  }

  go(worldRank: number, order: GoOrder): void {
    this.#job?.send(worldRank, { type: 'go', order });
  }

  putAside(worldRank: number, text: string): void {
    // Ranks of MPICH end with the first that dies: what the others run now goes first.
    if (this.#options.launcher.family === 'openmpi') {
      this.#job?.kill(worldRank, text, 'SIGKILL');
      return;
    }
    this.#lost.add(worldRank);
    this.#events?.removed(worldRank);
    this.#restartIfIdle();
  }

  refill(): void {
    this.#tooFew = true;
    this.#restartIfIdle();
  }

  breakEpoch(text: string): void {
    for (const { worldRank } of this.workers) this.#job?.kill(worldRank, text, 'SIGKILL');
  }

  assign(worldRank: number, message: AssignMessage): void {
    this.#books.open(message.lease.slot, worldRank);
    this.#leases.set(worldRank, message.lease.lease);
    this.#busy.add(worldRank);
    this.#watchBusy();
    this.#job?.send(worldRank, message);
  }

  cancel(worldRank: number, message: CancelMessage): void {
    this.#job?.send(worldRank, message);
  }

  end(worldRank: number): void {
    this.#job?.send(worldRank, { type: 'end' });
    if (this.#stubborn.has(worldRank)) return;
    const text = `was ended: its task sat in native code and could not be ended in ${stubbornLimitMs} ms`;
    this.#stubborn.set(
      worldRank,
      setTimeout(() => this.#job?.kill(worldRank, text, 'SIGKILL'), stubbornLimitMs),
    );
  }

  keepAlive(active: boolean): void {
    this.#keepAlive = active;
    this.#job?.keepAlive(active);
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#look);
    this.#abortStart.abort(new LaunchError('the pool is closing'));
    await this.#restarting;
    await this.#job?.close();
    await this.#options.nodes.close();
    for (const timer of this.#stubborn.values()) clearTimeout(timer);
  }

  async #startJob(signal: AbortSignal | undefined): Promise<void> {
    const job = new MpiJob(this.#options, {
      message: (rank, message) => {
        this.#receive(rank, message);
      },
      died: (rank, error) => {
        this.#died(rank, error);
      },
      refused: (text) => {
        if (this.#events) this.#events.warning(undefined, text);
        else process.emitWarning(text, { type: 'ShoalWarning' });
      },
    });
    this.#job = job;
    await job.start(signal);
    this.epoch++;
    const members = worldMembers(job.workers.map(({ row }) => row));
    this.starts.push(...job.workers.map(({ phases }) => phases));
    this.workers = job.workers.flatMap(({ row, phases }, rank) => {
      const member = members[rank];
      return member ? [{ ...member, nodeKey: nodeKey(row), phasesMs: phases }] : [];
    });
    job.keepAlive(this.#keepAlive);
  }

  #receive(worldRank: number, message: WorkerReport): void {
    const events = this.#events;
    switch (message.type) {
      case 'ready':
      case 'done':
        events?.[message.type](worldRank, message.round);
        break;
      case 'outcome':
        if (message.outcome.kind !== 'threw' || !message.outcome.replaceThread) this.#busy.delete(worldRank);
        if (message.outcome.kind === 'returned') this.#restarts = 0;
        events?.outcome(worldRank, message.taskId, message.outcome);
        break;
      case 'gone':
        this.#settleStubborn(worldRank);
        if (message.lease === this.#leases.get(worldRank)) this.#busy.delete(worldRank);
        events?.gone(worldRank, message.lease, message.how);
        break;
      case 'replaced':
        events?.replaced(worldRank);
        break;
      case 'cleared':
        this.#books.close(message.slot);
        events?.cleared(message.slot);
        break;
      case 'warning':
        events?.warning(worldRank, message.message);
        break;
      case 'stuck':
        events?.stuck(message.taskId, message.rank);
        break;
      case 'lost':
        events?.lost(decodeValue(message.error) as Error);
        break;
      default:
        this.#job?.kill(worldRank, `was ended: it sent ${JSON.stringify(message.type)} to a pool`, 'SIGKILL');
    }
  }

  #died(worldRank: number, error: Error): void {
    const events = this.#events;
    this.#lost.add(worldRank);
    if (worldRank < 0) {
      // The agent: nobody's task needs it, but no rank leaves MPI without it.
      const when = this.#options.onWorkerLost === 'continue' ? 'when too few are left' : 'when idle';
      events?.warning(
        undefined,
        `${error.message}; it was the pool's MPI agent, all processes are started again ${when}`,
      );
      this.#restartIfIdle();
      return;
    }
    this.#busy.delete(worldRank);
    this.#settleStubborn(worldRank);
    events?.removed(worldRank);
    this.#books.died(worldRank, this.workers.find((other) => this.#job?.isLiving(other.worldRank))?.worldRank);
    events?.gone(worldRank, this.#leases.get(worldRank) ?? 0, { kind: 'died', error: encodeValue(error, 'error') });
    this.#restartIfIdle();
  }

  /** A job that has lost a worker is replaced once its other workers are idle, at once or when needed; until then they go on. */
  #restartIfIdle(): void {
    if (this.#lost.size === 0 || this.#busy.size > 0 || this.#closing || this.#isRestarting) return;
    const isEnough = !this.#tooFew && this.workers.some(({ worldRank }) => !this.#lost.has(worldRank));
    if (this.#options.onWorkerLost === 'continue' && isEnough) return;
    this.#tooFew = false;
    this.#isRestarting = true;
    this.#events?.ending();
    this.#restarting = this.#restart().finally(() => {
      this.#isRestarting = false;
      if (this.#closing) return;
      this.#events?.renewed();
      for (const { worldRank } of this.workers) this.#events?.replaced(worldRank);
    });
  }

  async #restart(): Promise<void> {
    await this.#job?.close();
    for (;;) {
      const delayMs = backOffMs * 2 ** this.#restarts;
      if (this.#restarts++ > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        await this.#startJob(this.#abortStart.signal);
        break;
      } catch (error) {
        if (this.#closing) return;
        if (this.#restarts <= this.#options.maxRestarts) continue;
        const text = `the workers could not be started again, ${this.#restarts} times in a row (maxRestarts): ${(error as Error).message}`;
        this.#events?.lost(new LaunchError(text, {}, { cause: error }));
        return;
      }
    }
    this.#lost.clear();
    this.#leases.clear();
    for (const slot of this.#books.reset()) this.#events?.cleared(slot);
  }

  #settleStubborn(worldRank: number): void {
    clearTimeout(this.#stubborn.get(worldRank));
    this.#stubborn.delete(worldRank);
  }

  /** While tasks run: a worker that somebody has stopped would hold its task for ever. */
  #watchBusy(): void {
    this.#look ??= setInterval(() => {
      if (this.#busy.size === 0) {
        clearInterval(this.#look);
        this.#look = undefined;
        return;
      }
      const stopped = this.#job?.stopped().filter((rank) => this.#busy.has(rank)) ?? [];
      for (const rank of stopped) {
        if (this.#stopped.includes(rank)) {
          this.#job?.kill(rank, 'was stopped by a signal in the middle of a task, and was ended', 'SIGSTOP');
        }
      }
      this.#stopped = stopped;
    }, lookMs).unref();
  }
}
