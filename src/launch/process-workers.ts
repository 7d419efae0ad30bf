/** Workers that are processes under `mpiexec`: the head's side of the `mpi` transport. */
import { setTimeout } from '../clock.js';
import { LaunchError } from '../errors.js';
import type { LeaseGrant } from '../head/leases.js';
import type { ProcessUsage } from '../native/proc.js';
import { nodeKey } from '../native/proc.js';
import type { StartPhases, WorkerEvents, WorkerInfo, WorkerSide } from '../head/worker-side.js';
import type { ToRank } from '../protocol/control-messages.js';
import type { AssignMessage, CancelMessage } from '../protocol/thread-messages.js';
import { decodeError } from '../protocol/decode-error.js';
import type { GoOrder } from '../protocol/round-messages.js';
import type { AbortKind } from '../backend/abort-reason.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import { encodeAbort } from '../backend/abort-reason.js';
import { slotsOf } from '../backend/window/layout.js';
import { worldMembers } from '../worker/members.js';
import { encodeError } from '../protocol/error-value.js';
import { Epoch } from './epoch.js';
import { LentSlots } from './lent-slots.js';
import type { NodeStatus } from './job-nodes.js';
import type { JobOptions } from './mpi-job.js';

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
  readonly #options: ProcessOptions;
  readonly #lentSlots: LentSlots;
  readonly #abortStart = new AbortController();
  /** The one whose workers have the tasks; undefined before the first start. */
  #epoch: Epoch | undefined;
  /** Counts the starts that came to an end. */
  #epochs = 0;
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
    this.#lentSlots = new LentSlots(
      (keeper, slot, rank) => {
        this.#send(keeper, { type: 'markDead', slot, rank });
      },
      (keeper, slot) => {
        this.#send(keeper, { type: 'clear', slot });
      },
    );
  }

  /** Counts the jobs, from 1. */
  get epoch(): number {
    return this.#epochs;
  }

  /** Of the job that runs. */
  get nodes(): readonly NodeStatus[] {
    return this.#epoch?.job.nodes ?? [];
  }

  get slots(): number {
    return slotsOf(this.#options.ranks);
  }

  /** Start the first job. @throws {@link LaunchError} */
  async start(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#startEpoch(signal);
    } catch (error) {
      await this.#options.nodes.close();
      throw error;
    }
  }

  /** Where reports go; before the first task. */
  report(events: WorkerEvents): void {
    this.#events = events;
    // Whoever has died since the start was not reported to anybody.
    for (const worldRank of this.#epoch?.lost ?? []) if (worldRank >= 0) events.removed(worldRank);
    this.#restartIfIdle();
  }

  isAvailable(worldRank: number): boolean {
    return !this.#epoch?.lost.has(worldRank) && !this.#isRestarting && !this.#closing;
  }

  usage(worldRank: number): ProcessUsage | undefined {
    return this.#epoch?.job.usage(worldRank);
  }

  clear(slot: number): void {
    // A slot that no worker of this epoch was given is empty as it is.
    if (!this.#lentSlots.clear(slot)) this.#events?.cleared(slot);
    // The last task of a job that has lost a worker has ended.
    this.#restartIfIdle();
  }

  abort({ slot, lease }: LeaseGrant, kind: AbortKind, rank: number | undefined, worldRanks: readonly number[]): void {
    const reason = encodeAbort(kind, rank);
    for (const worldRank of worldRanks) this.#send(worldRank, { type: 'abort', slot, lease, reason });
  }

  markDead({ slot }: LeaseGrant, rank: number): void {
    this.#lentSlots.markDead(slot, rank);
  }

  prepare(worldRank: number, round: number): void {
    this.#send(worldRank, { type: 'prepare', round });
  }

  go(worldRank: number, order: GoOrder): void {
    this.#send(worldRank, { type: 'go', order });
  }

  putAside(worldRank: number, text: string): void {
    // Ranks of MPICH end with the first that dies: what the others run now goes first.
    if (this.#options.launcher.family === 'openmpi') {
      this.#epoch?.job.kill(worldRank, text, 'SIGKILL');
      return;
    }
    this.#epoch?.lost.add(worldRank);
    this.#events?.removed(worldRank);
    this.#restartIfIdle();
  }

  refill(): void {
    this.#tooFew = true;
    this.#restartIfIdle();
  }

  breakEpoch(text: string): void {
    this.#epoch?.job.killAll(text);
  }

  renew(text: string): void {
    const epoch = this.#epoch;
    if (!epoch || this.#closing || this.#isRestarting) return;
    // It is no fault of the processes: nothing is waited for, and no restart counted.
    this.#restarts = 0;
    this.#startNext(epoch, text);
  }

  assign(worldRank: number, message: AssignMessage): void {
    this.#lentSlots.open(message.lease.slot, worldRank);
    this.#epoch?.assign(worldRank, message);
  }

  cancel(worldRank: number, message: CancelMessage): void {
    this.#send(worldRank, message);
  }

  taken(worldRank: number, lease: number, sizeBytes: number): void {
    this.#send(worldRank, { type: 'taken', lease, sizeBytes });
  }

  end(worldRank: number): void {
    this.#epoch?.end(worldRank);
  }

  keepAlive(active: boolean): void {
    this.#keepAlive = active;
    this.#epoch?.job.keepAlive(active);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#epoch?.over();
    this.#abortStart.abort(new LaunchError('the pool is closing'));
    await this.#restarting;
    await this.#epoch?.job.close();
    await this.#options.nodes.close();
  }

  #send(worldRank: number, message: ToRank): void {
    this.#epoch?.job.send(worldRank, message);
  }

  async #startEpoch(signal: AbortSignal | undefined): Promise<void> {
    const epoch = new Epoch(this.#epochs + 1, this.#options, {
      message: (worldRank, message) => {
        this.#receive(epoch, worldRank, message);
      },
      died: (worldRank, lease, error) => {
        this.#died(worldRank, lease, error);
      },
      refused: (text) => {
        if (this.#events) this.#events.warning(undefined, text);
        else process.emitWarning(text, { type: 'ShoalWarning' });
      },
    });
    this.#epoch = epoch;
    const { job } = epoch;
    try {
      await job.start(signal);
    } catch (error) {
      epoch.over();
      throw error;
    }
    this.#epochs = epoch.number;
    const members = worldMembers(job.workers.map(({ row }) => row));
    this.starts.push(...job.workers.map(({ phases }) => phases));
    this.workers = job.workers.flatMap(({ row, phases }, rank) => {
      const member = members[rank];
      return member ? [{ ...member, nodeKey: nodeKey(row), phasesMs: phases }] : [];
    });
    job.keepAlive(this.#keepAlive);
  }

  #receive(epoch: Epoch, worldRank: number, message: WorkerReport): void {
    const events = this.#events;
    switch (message.type) {
      case 'ready':
      case 'done':
        events?.[message.type](worldRank, message.round);
        break;
      case 'outcome':
        if (message.outcome.kind === 'returned') this.#restarts = 0;
        events?.outcome(worldRank, message.taskId, message.outcome);
        break;
      case 'posted':
        events?.posted(worldRank, message.lease, message.value);
        break;
      case 'gone':
        events?.gone(worldRank, message.lease, message.how);
        break;
      case 'replaced':
        events?.replaced(worldRank);
        break;
      case 'cleared':
        if (this.#lentSlots.close(message.slot, worldRank)) events?.cleared(message.slot);
        break;
      case 'warning':
        events?.warning(worldRank, message.message);
        break;
      case 'stuck':
        events?.stuck(message.taskId, message.rank);
        break;
      case 'lost':
        events?.lost(decodeError(message.error));
        break;
      default:
        epoch.job.kill(worldRank, `was ended: it sent ${JSON.stringify(message.type)} to a pool`, 'SIGKILL');
    }
  }

  #died(worldRank: number, lease: number, error: Error): void {
    const events = this.#events;
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
    events?.removed(worldRank);
    this.#lentSlots.died(worldRank, this.#epoch?.living[0]);
    events?.gone(worldRank, lease, { kind: 'died', error: encodeError(error) });
    this.#restartIfIdle();
  }

  /** A job that has lost a worker is replaced once its other workers are idle, at once or when needed; until then they go on. */
  #restartIfIdle(): void {
    const epoch = this.#epoch;
    // Without anybody to report to the start is not over.
    if (!epoch || !this.#events || epoch.lost.size === 0 || !epoch.isIdle || this.#closing || this.#isRestarting)
      return;
    const isEnough = !this.#tooFew && epoch.living.length > 0;
    if (this.#options.onWorkerLost === 'continue' && isEnough) return;
    this.#startNext(epoch, 'was ended with its epoch');
  }

  #startNext(epoch: Epoch, why: string): void {
    this.#tooFew = false;
    this.#isRestarting = true;
    epoch.over();
    this.#events?.ending(why);
    this.#restarting = this.#restart(epoch);
  }

  async #restart(epoch: Epoch): Promise<void> {
    await epoch.job.close();
    if (!(await this.#startAgain())) return;
    this.#isRestarting = false;
    if (!this.#closing) this.#renewed();
  }

  /** False: the pool is closing, or is given up. */
  async #startAgain(): Promise<boolean> {
    for (;;) {
      const delayMs = backOffMs * 2 ** this.#restarts;
      if (this.#restarts++ > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        await this.#startEpoch(this.#abortStart.signal);
        return true;
      } catch (error) {
        if (this.#closing) return false;
        if (this.#restarts <= this.#options.maxRestarts) continue;
        const text = `the workers could not be started again, ${this.#restarts} times in a row (maxRestarts): ${(error as Error).message}`;
        this.#events?.lost(new LaunchError(text, {}, { cause: error }));
        return false;
      }
    }
  }

  /** The workers of a new epoch are there, but for those that have died since they registered. */
  #renewed(): void {
    for (const slot of this.#lentSlots.reset()) this.#events?.cleared(slot);
    this.#events?.renewed();
    for (const { worldRank } of this.workers) {
      this.#events?.[this.#epoch?.lost.has(worldRank) ? 'removed' : 'replaced'](worldRank);
    }
    this.#restartIfIdle();
  }
}
