/** The head's hand on communicators: which gang has one, and the rounds in which the others get theirs. */
import { clearTimeout, nowMs, setTimeout } from '../clock.js';
import type { CommunicatorKind } from '../protocol/round-messages.js';
import type { CommunicatorCounts, CommunicatorOrder } from './communicator-cache.js';
import { CommunicatorCache } from './communicator-cache.js';
import type { RoundAction } from './rounds.js';
import { Rounds } from './rounds.js';
import type { WorkerSide } from './worker-side.js';

/** How communicators are made and kept; all filled. */
export interface GroupOptions {
  readonly communicator: CommunicatorKind;
  readonly communicatorCache: number;
  readonly roundTimeoutMs: number;
}

/** What becomes of gangs that wait for a round. */
export interface GroupEvents {
  /** The gang of this communicator can start. */
  formed(id: number): void;
  /** It has lost a member before anybody was inside MPI. */
  undone(id: number): void;
  warning(message: string): void;
}

/** A round that has come to its end. Times are milliseconds of the pool's clock. */
export interface EndedRound {
  readonly round: number;
  /** Workers that took part. */
  readonly worldRanks: readonly number[];
  /** Communicators that were made. */
  readonly communicators: number;
  readonly begunMs: number;
  /** When all had shown that they can enter MPI. */
  readonly wentMs: number;
  readonly endedMs: number;
}

/** Numbers of the rounds so far. */
export type RoundCounts = CommunicatorCounts & { readonly rounds: number };

const noRound = { round: 0, worldRanks: [], begunMs: 0, wentMs: undefined };

/** Carries out what {@link Rounds} decides. */
export class Groups {
  readonly #workers: WorkerSide;
  readonly #events: GroupEvents;
  readonly #cache: CommunicatorCache;
  readonly #rounds: Rounds;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** The one under way. */
  #under: Pick<EndedRound, 'round' | 'worldRanks' | 'begunMs'> & { wentMs: number | undefined } = noRound;
  /** Told of each round that has ended, while somebody listens. */
  onRound: ((round: EndedRound) => void) | undefined;

  constructor(workers: WorkerSide, options: GroupOptions, events: GroupEvents) {
    this.#workers = workers;
    this.#events = events;
    this.#cache = new CommunicatorCache(options.communicatorCache);
    this.#timeoutMs = options.roundTimeoutMs;
    this.#rounds = new Rounds(options.communicator, options.roundTimeoutMs);
    this.#rounds.reset(workers.workers.map(({ worldRank }) => worldRank));
  }

  get counts(): RoundCounts {
    return { rounds: this.#rounds.count, ...this.#cache.counts };
  }

  /** The communicator of a gang; one that is to be made comes with the next round. */
  assign(worldRanks: readonly number[]): CommunicatorOrder {
    const order = this.#cache.assign(worldRanks);
    if (order.action === 'create') this.#rounds.request({ id: order.id, worldRanks });
    return order;
  }

  /** Start a round for the gangs of this tick. */
  begin(): void {
    this.#apply(this.#rounds.begin(nowMs()));
  }

  /**
   * A gang has ended, in step and with no message of a call on its way, or not. If not, what is on its way is cleared
   * soon.
   */
  release(worldRanks: readonly number[], clean: boolean): void {
    for (const group of this.#cache.release(worldRanks, clean)) this.#rounds.release(group, !clean);
  }

  /** A gang's communicator was never made. */
  forget(worldRanks: readonly number[]): void {
    this.#cache.forget(worldRanks);
  }

  ready(worldRank: number, round: number): void {
    this.#apply(this.#rounds.ready(worldRank, round, nowMs()));
  }

  done(worldRank: number, round: number): void {
    this.#apply(this.#rounds.done(worldRank, round, nowMs()));
  }

  lost(worldRank: number): void {
    this.#cache.lost(worldRank);
    this.#apply(this.#rounds.lost(worldRank, nowMs()));
  }

  /** The workers of a new epoch. */
  reset(worldRanks: readonly number[]): void {
    this.#cache.reset();
    this.#apply(this.#rounds.reset(worldRanks));
  }

  /** No round is waited for any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #apply(actions: readonly RoundAction[]): void {
    for (const action of actions) this.#act(action);
    clearTimeout(this.#timer);
    const waitMs = this.#rounds.deadline - nowMs();
    if (!Number.isFinite(waitMs) || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#apply(this.#rounds.tick(nowMs()));
      },
      Math.max(1, waitMs),
    );
  }

  #tellRound(communicators: number): void {
    const { wentMs, ...begun } = this.#under;
    const endedMs = nowMs();
    this.onRound?.({ ...begun, wentMs: wentMs ?? endedMs, communicators, endedMs });
  }

  #act(action: RoundAction): void {
    switch (action.type) {
      case 'prepare':
        this.#under = { round: action.round, worldRanks: action.worldRanks, begunMs: nowMs(), wentMs: undefined };
        for (const worldRank of action.worldRanks) this.#workers.prepare(worldRank, action.round);
        break;
      case 'go':
        this.#under.wentMs ??= nowMs();
        this.#workers.go(action.worldRank, action.order);
        break;
      case 'formed':
        this.#tellRound(action.ids.length);
        for (const id of action.ids) this.#events.formed(id);
        break;
      case 'undone':
        for (const id of action.ids) this.#events.undone(id);
        break;
      case 'silent':
        for (const worldRank of action.worldRanks) {
          const text = `did not answer round ${action.round} within roundTimeoutMs (${this.#timeoutMs} ms)`;
          this.#events.warning(`worker ${worldRank} ${text}; it is put aside`);
          this.#workers.putAside(worldRank, `${text}, and was ended`);
        }
        break;
      case 'broken': {
        const text = `round ${action.round} lost worker ${action.worldRanks.join(', ')} inside MPI`;
        this.#events.warning(`${text}; all processes are started again`);
        this.#workers.breakEpoch(`was ended because ${text}`);
      }
    }
  }
}
