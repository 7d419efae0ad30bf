/** Workers that are processes under `mpiexec`: the head's side of the `mpi` transport. */
import type { RankOperations } from '../errors.js';
import type { LeaseGrant } from '../head/leases.js';
import type { RecordedRank } from '../records/read-records.js';
import type { TakeTraced } from '../records/take-traced.js';
import type { ProcessUsage } from '../native/proc.js';
import type { StorePlace } from '../native/value-stores.js';
import type { ValueHosts } from '../head/value-hosts.js';
import type { StartPhases, WorkerEvents, WorkerInfo, WorkerSide } from '../head/worker-side.js';
import type { ToRank } from '../protocol/control-messages.js';
import type { AssignMessage, CancelMessage, ForgetMessage } from '../protocol/thread-messages.js';
import { decodeError } from '../protocol/decode-error.js';
import type { GoOrder } from '../protocol/round-messages.js';
import type { AbortKind } from '../backend/abort-reason.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import { encodeAbort } from '../backend/abort-reason.js';
import { slotsOf } from '../backend/window/layout.js';
import { encodeError } from '../protocol/error-value.js';
import type { Epoch } from './epoch.js';
import type { ProcessOptions } from './epochs.js';
import { Epochs } from './epochs.js';
import { LentSlots } from './lent-slots.js';
import type { NodeStatus } from './job-nodes.js';

/** One pool's workers, through as many jobs (epochs) as it takes. */
export class ProcessWorkers implements WorkerSide {
  readonly #options: ProcessOptions;
  readonly #epochs: Epochs;
  readonly #lentSlots: LentSlots;
  #events: WorkerEvents | undefined;
  /** Of the trace that runs. */
  #take: TakeTraced | undefined;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#epochs = new Epochs(options, {
      message: (worldRank, message) => {
        this.#receive(worldRank, message);
      },
      died: (worldRank, lease, error) => {
        this.#died(worldRank, lease, error);
      },
      refused: (text) => {
        if (this.#events) this.#events.warning(undefined, text);
        else process.emitWarning(text, { type: 'ShoalWarning' });
      },
      ending: (why) => this.#events?.ending(why),
      renewed: (epoch) => {
        this.#renewed(epoch);
      },
      lost: (error) => this.#events?.lost(error),
    });
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
    return this.#epochs.count;
  }

  get workers(): readonly WorkerInfo[] {
    return this.#epochs.workers;
  }

  /** Of every process so far, the latest last. */
  get starts(): readonly StartPhases[] {
    return this.#epochs.starts;
  }

  /** Of the job that runs. */
  get nodes(): readonly NodeStatus[] {
    return this.#epochs.current?.job.nodes ?? [];
  }

  get values(): ValueHosts {
    return this.#options.nodes.values;
  }

  get slots(): number {
    return slotsOf(this.#options.ranks);
  }

  /** Start the first job. @throws {@link LaunchError} */
  async start(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#epochs.start(signal);
    } catch (error) {
      await this.#options.nodes.close();
      throw error;
    }
  }

  /** Where reports go; before the first task. */
  report(events: WorkerEvents): void {
    this.#events = events;
    // Whoever has died since the start was not reported to anybody.
    for (const worldRank of this.#epochs.current?.lost ?? []) if (worldRank >= 0) events.removed(worldRank);
    this.#epochs.watch();
  }

  isAvailable(worldRank: number): boolean {
    return !this.#epochs.current?.lost.has(worldRank) && this.#epochs.isOpen;
  }

  usage(worldRank: number): ProcessUsage | undefined {
    return this.#epochs.current?.job.usage(worldRank);
  }

  operations(rank: RecordedRank, lease: number, most: number): RankOperations | undefined {
    return this.#epochs.current?.job.operations(rank, lease, most);
  }

  async trace(take: TakeTraced | undefined): Promise<void> {
    this.#take = take;
    await this.#epochs.current?.job.trace(take);
  }

  async askOperations(rank: RecordedRank, lease: number, most: number): Promise<RankOperations | undefined> {
    return await this.#epochs.current?.job.askOperations(rank, lease, most);
  }

  clear(slot: number): void {
    // A slot that no worker of this epoch was given is empty as it is.
    if (!this.#lentSlots.clear(slot)) this.#events?.cleared(slot);
    // The last task of a job that has lost a worker has ended.
    this.#epochs.replaceIfIdle();
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
      this.#epochs.current?.job.kill(worldRank, text, 'SIGKILL');
      return;
    }
    this.#epochs.current?.lost.add(worldRank);
    this.#events?.removed(worldRank);
    this.#epochs.replaceIfIdle();
  }

  refill(): void {
    this.#epochs.refill();
  }

  hold(isHeld: boolean): void {
    this.#epochs.hold(isHeld);
  }

  breakEpoch(text: string): void {
    this.#epochs.current?.job.killAll(text);
  }

  renew(text: string): void {
    this.#epochs.replaceNow(text);
  }

  /** What lies at a process cannot be taken back. */
  takesAhead(): boolean {
    return false;
  }
  assignAhead(): void {
    throw new TypeError('processes are given no task ahead');
  }
  takeBack(): boolean {
    return false;
  }
  assign(worldRank: number, message: AssignMessage): void {
    this.#lentSlots.open(message.lease.slot, worldRank);
    this.#epochs.current?.assign(worldRank, message);
  }

  cancel(worldRank: number, message: CancelMessage): void {
    this.#send(worldRank, message);
  }

  taken(worldRank: number, lease: number, sizeBytes: number): void {
    this.#send(worldRank, { type: 'taken', lease, sizeBytes });
  }

  placeOf(worldRank: number, id: string): StorePlace | undefined {
    return this.values.place(this.#epochs.current?.job.managerOf(worldRank)?.values, id);
  }

  forget(worldRank: number, message: ForgetMessage): void {
    this.#send(worldRank, message);
  }

  end(worldRank: number): void {
    this.#epochs.current?.end(worldRank);
  }

  keepAlive(active: boolean): void {
    this.#epochs.keepAlive(active);
  }

  async close(): Promise<void> {
    await this.#epochs.close();
    await this.#options.nodes.close();
  }

  #send(worldRank: number, message: ToRank): void {
    this.#epochs.current?.job.send(worldRank, message);
  }

  #receive(worldRank: number, message: WorkerReport): void {
    const events = this.#events;
    switch (message.type) {
      case 'ready':
      case 'done':
        events?.[message.type](worldRank, message.round);
        break;
      case 'outcome':
        if (message.outcome.kind === 'returned') this.#epochs.forgetRestarts();
        if (message.emptied !== undefined) this.#lentSlots.emptied(message.emptied, worldRank);
        events?.outcome(worldRank, message.taskId, message.outcome);
        break;
      case 'posted':
        events?.posted(worldRank, message.lease, message.value);
        break;
      case 'gone':
        events?.gone(worldRank, message.lease, message.how, message.ran);
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
        this.#epochs.current?.job.kill(
          worldRank,
          `was ended: it sent ${JSON.stringify(message.type)} to a pool`,
          'SIGKILL',
        );
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
      this.#epochs.replaceIfIdle();
      return;
    }
    events?.removed(worldRank);
    this.#lentSlots.died(worldRank, this.#epochs.current?.living[0]);
    events?.gone(worldRank, lease, { kind: 'died', error: encodeError(error) }, lease);
    this.#epochs.replaceIfIdle();
  }

  /** The workers of a new epoch are there, but for those that have died since they registered. */
  #renewed(epoch: Epoch): void {
    if (this.#take) void epoch.job.trace(this.#take);
    for (const slot of this.#lentSlots.reset()) this.#events?.cleared(slot);
    this.#events?.renewed();
    for (const { worldRank } of this.workers) {
      this.#events?.[epoch.lost.has(worldRank) ? 'removed' : 'replaced'](worldRank);
    }
  }
}
