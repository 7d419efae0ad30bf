/** The epochs of a pool, one after the other: the first, and the next when one has lost workers or its memory. */
import { setTimeout } from '../clock.js';
import { LaunchError } from '../errors.js';
import type { StartPhases, WorkerInfo } from '../head/worker-side.js';
import { nodeKey } from '../native/proc.js';
import { worldMembers } from '../worker/members.js';
import type { EpochEvents } from './epoch.js';
import { Epoch } from './epoch.js';
import type { JobOptions } from './job-options.js';

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

/** What is told of them. */
export interface EpochsEvents extends EpochEvents {
  /** All workers are about to be ended. */
  ending(why: string): void;
  /** New processes have taken the place of all workers. */
  renewed(epoch: Epoch): void;
  /** The workers cannot be started again. */
  lost(error: Error): void;
}

/** One per pool. */
export class Epochs {
  /** The one whose workers have the tasks; undefined before the first start. */
  current: Epoch | undefined;
  /** Counts the starts that came to an end. */
  count = 0;
  /** Of the current one, by rank. */
  workers: readonly WorkerInfo[] = [];
  /** Of every process so far, the latest last. */
  readonly starts: StartPhases[] = [];
  readonly #options: ProcessOptions;
  readonly #events: EpochsEvents;
  readonly #abortStart = new AbortController();
  /** From now on a loss has somebody to be told to. */
  #isWatched = false;
  #isRestarting = false;
  #restarting: Promise<void> | undefined;
  /** In a row. */
  #restarts = 0;
  /** A task waits for more workers than live. */
  #tooFew = false;
  /** Gangs live, whose memory the next epoch would not have. */
  #isHeld = false;
  #closing = false;
  #keepAlive = true;

  constructor(options: ProcessOptions, events: EpochsEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** The workers of the current epoch can be given tasks. */
  get isOpen(): boolean {
    return !this.#isRestarting && !this.#closing;
  }

  /** Start the first. @throws {@link LaunchError} */
  async start(signal: AbortSignal | undefined): Promise<void> {
    await this.#startEpoch(signal);
  }

  /** The start is over: replace epochs from now on. */
  watch(): void {
    this.#isWatched = true;
    this.replaceIfIdle();
  }

  /** A task has ended well: what was lost before is no sign that nothing works here. */
  forgetRestarts(): void {
    this.#restarts = 0;
  }

  /** Whether gangs live: their workers count as busy. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.replaceIfIdle();
  }

  /** A task waits for more workers than live. */
  refill(): void {
    this.#tooFew = true;
    this.replaceIfIdle();
  }

  /**
   * Replace an epoch that has lost a worker once its other workers are idle, at once or when needed; until then they go
   * on.
   */
  replaceIfIdle(): void {
    const epoch = this.current;
    if (!epoch || !this.#isWatched || epoch.lost.size === 0 || !epoch.isIdle || !this.isOpen) return;
    if (this.#isHeld) return;
    const isEnough = !this.#tooFew && epoch.living.length > 0;
    if (this.#options.onWorkerLost === 'continue' && isEnough) return;
    this.#startNext(epoch, 'was ended with its epoch');
  }

  /** Replace it at once. No process is to blame: nothing is waited for, and no restart counted. */
  replaceNow(why: string): void {
    if (!this.current || !this.isOpen) return;
    this.#restarts = 0;
    this.#startNext(this.current, why);
  }

  keepAlive(active: boolean): void {
    this.#keepAlive = active;
    this.current?.job.keepAlive(active);
  }

  /** Resolves when every process is gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.current?.over();
    this.#abortStart.abort(new LaunchError('the pool is closing'));
    await this.#restarting;
    await this.current?.job.close();
  }

  async #startEpoch(signal: AbortSignal | undefined): Promise<void> {
    const epoch = new Epoch(this.count + 1, this.#options, this.#events);
    this.current = epoch;
    const { job } = epoch;
    try {
      await job.start(signal);
    } catch (error) {
      epoch.over();
      throw error;
    }
    this.count = epoch.number;
    const members = worldMembers(job.workers.map(({ row }) => row));
    this.starts.push(...job.workers.map(({ phases }) => phases));
    this.workers = job.workers.flatMap(({ row, phases }, rank) => {
      const member = members[rank];
      return member ? [{ ...member, nodeKey: nodeKey(row), phasesMs: phases }] : [];
    });
    job.keepAlive(this.#keepAlive);
  }

  #startNext(epoch: Epoch, why: string): void {
    this.#tooFew = false;
    this.#isRestarting = true;
    epoch.over();
    this.#events.ending(why);
    this.#restarting = this.#restart(epoch);
  }

  async #restart(epoch: Epoch): Promise<void> {
    await epoch.job.close();
    const next = await this.#startAgain();
    if (!next) return;
    this.#isRestarting = false;
    if (this.#closing) return;
    this.#events.renewed(next);
    this.replaceIfIdle();
  }

  /** Undefined: the pool is closing, or is given up. */
  async #startAgain(): Promise<Epoch | undefined> {
    for (;;) {
      const delayMs = backOffMs * 2 ** this.#restarts;
      if (this.#restarts++ > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        await this.#startEpoch(this.#abortStart.signal);
        return this.current;
      } catch (error) {
        if (this.#closing) return undefined;
        if (this.#restarts <= this.#options.maxRestarts) continue;
        const what = `the workers could not be started again, ${this.#restarts} times in a row (maxRestarts)`;
        this.#events.lost(new LaunchError(`${what}: ${(error as Error).message}`, {}, { cause: error }));
        return undefined;
      }
    }
  }
}
