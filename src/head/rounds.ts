/**
 * Communicator rounds: the pool's workers call MPI_Comm_split together, for all tasks assigned in one tick at once.
 *
 * One round at a time, numbered, in two steps. *Prepare*: every live worker shows that it can enter MPI. One that stays
 * silent is put aside before anybody is inside, since a rank that is stopped inside a split would stop all the others.
 * *Go*: every live worker splits (`'split'`) or the members alone make their groups (`'create-group'`). A worker that
 * is lost between go and done may leave the others inside MPI for ever: the epoch is broken.
 *
 * Pure: no sockets, no timers. Every method takes the time and returns what is to be done.
 */

import type { CommunicatorKind, CommunicatorMembers, GoOrder } from '../protocol/round-messages.js';

/** What is to be done. */
export type RoundAction =
  | { readonly type: 'prepare'; readonly round: number; readonly worldRanks: readonly number[] }
  | { readonly type: 'go'; readonly worldRank: number; readonly order: GoOrder }
  /** These communicators exist. */
  | { readonly type: 'formed'; readonly ids: readonly number[] }
  /** These will not: a member was lost before anybody was inside MPI. */
  | { readonly type: 'undone'; readonly ids: readonly number[] }
  /** These workers did not answer the first step in time. */
  | { readonly type: 'silent'; readonly round: number; readonly worldRanks: readonly number[] }
  /** These workers were lost, or did not return, in the second step: the others may be inside MPI for ever. */
  | { readonly type: 'broken'; readonly round: number; readonly worldRanks: readonly number[] };

interface Round {
  readonly number: number;
  readonly deadline: number;
  /** Workers that take part. */
  readonly members: Set<number>;
  readonly waiting: Set<number>;
  step: 'prepare' | 'go';
  groups: CommunicatorMembers[];
  readonly frees: readonly CommunicatorMembers[];
  readonly urgent: boolean;
}

/** The rounds of one pool. */
export class Rounds {
  /** Rounds that came to their end. */
  count = 0;
  readonly #kind: CommunicatorKind;
  readonly #timeoutMs: number;
  readonly #live = new Set<number>();
  #last = 0;
  #round: Round | undefined;
  #queue: CommunicatorMembers[] = [];
  #frees: CommunicatorMembers[] = [];
  /** One of them is not to wait until something is to be made. */
  #urgent = false;
  /** A worker was lost since the pool's communicator was made. */
  #stale = false;

  /** @param timeoutMs - Limit of each of the two steps in milliseconds. */
  constructor(kind: CommunicatorKind, timeoutMs: number) {
    this.#kind = kind;
    this.#timeoutMs = timeoutMs;
  }

  /** When `tick` is to be called at the latest; Infinity while no round is under way. */
  get deadline(): number {
    return this.#round?.deadline ?? Infinity;
  }

  /** A new epoch: these workers share a new pool communicator, and nothing of the old one is left. */
  reset(worldRanks: readonly number[]): RoundAction[] {
    const undone = this.#undo(() => true);
    this.#round = undefined;
    this.#frees = [];
    this.#urgent = false;
    this.#stale = false;
    this.#live.clear();
    for (const worldRank of worldRanks) this.#live.add(worldRank);
    return undone;
  }

  /** Have a communicator made in the next round. */
  request(group: CommunicatorMembers): void {
    this.#queue.push(group);
  }

  /** Have one freed in the next round; a round for its sake alone when it is `urgent`. */
  release(group: CommunicatorMembers, urgent: boolean): void {
    this.#frees.push(group);
    this.#urgent ||= urgent;
  }

  /** Start the next round, if there is something to do and none is under way. */
  begin(now: number): RoundAction[] {
    if (this.#round || this.#live.size === 0 || (this.#queue.length === 0 && !this.#urgent)) return [];
    const [groups, frees, urgent] = [this.#queue, this.#frees, this.#urgent];
    this.#queue = [];
    this.#frees = [];
    this.#urgent = false;
    const wanted = this.#kind === 'split' ? this.#live : [...groups, ...frees].flatMap(({ worldRanks }) => worldRanks);
    const members = new Set([...wanted].filter((worldRank) => this.#live.has(worldRank)));
    this.#round = {
      number: ++this.#last,
      deadline: now + this.#timeoutMs,
      members,
      waiting: new Set(members),
      step: 'prepare',
      groups,
      frees,
      urgent,
    };
    if (members.size === 0) return this.#goIfReady(now);
    return [{ type: 'prepare', round: this.#last, worldRanks: [...members] }];
  }

  /** A worker can enter MPI. */
  ready(worldRank: number, round: number, now: number): RoundAction[] {
    if (this.#round?.number !== round || this.#round.step !== 'prepare') return [];
    this.#round.waiting.delete(worldRank);
    return this.#goIfReady(now);
  }

  /** A worker has returned from MPI. */
  done(worldRank: number, round: number, now: number): RoundAction[] {
    if (this.#round?.number !== round || this.#round.step !== 'go') return [];
    this.#round.waiting.delete(worldRank);
    if (this.#round.waiting.size > 0) return [];
    const ids = this.#round.groups.map(({ id }) => id);
    this.count++;
    this.#round = undefined;
    return [{ type: 'formed', ids }, ...this.begin(now)];
  }

  /** A worker is gone, or is not to be waited for. */
  lost(worldRank: number, now: number): RoundAction[] {
    if (!this.#live.delete(worldRank)) return [];
    this.#stale = true;
    const round = this.#round;
    if (round?.step === 'go' && round.members.has(worldRank)) return this.#break([worldRank]);
    const undone = this.#undo(({ worldRanks }) => worldRanks.includes(worldRank));
    round?.members.delete(worldRank);
    round?.waiting.delete(worldRank);
    return [...undone, ...this.#goIfReady(now)];
  }

  /** Enforce the deadline of the round under way. */
  tick(now: number): RoundAction[] {
    const round = this.#round;
    if (!round || now < round.deadline) return [];
    const late = [...round.waiting];
    if (round.step === 'go') return this.#break(late);
    const actions = late.flatMap((worldRank) => this.lost(worldRank, now));
    // Last: what is done about them may end the epoch.
    return [...actions, { type: 'silent', round: round.number, worldRanks: late }];
  }

  /** The epoch ends: what is asked for afterwards is for the next one. */
  #break(worldRanks: readonly number[]): RoundAction[] {
    const number = this.#round?.number ?? 0;
    const undone = this.#undo(() => true);
    this.#round = undefined;
    this.#live.clear();
    return [{ type: 'broken', round: number, worldRanks }, ...undone];
  }

  #goIfReady(now: number): RoundAction[] {
    const round = this.#round;
    if (round?.step !== 'prepare' || round.waiting.size > 0) return [];
    if (round.members.size === 0 || (round.groups.length === 0 && !round.urgent)) {
      // Everything in it was undone, or nobody is left: nobody needs to enter MPI.
      this.#frees.unshift(...round.frees);
      this.#round = undefined;
      return this.begin(now);
    }
    for (const worldRank of round.members) round.waiting.add(worldRank);
    this.#round = { ...round, step: 'go', deadline: now + this.#timeoutMs };
    const kind = round.groups.length === 0 ? undefined : this.#kind;
    // Members alone can make their groups out of a pool that has lost somebody; a split needs a pool of the living.
    const pool = this.#stale && kind === 'split' ? [...this.#live].sort((a, b) => a - b) : undefined;
    if (pool) this.#stale = false;
    // One that has lost a member can never be freed; it goes with the epoch.
    const frees = round.frees.filter(({ worldRanks }) => worldRanks.every((worldRank) => this.#live.has(worldRank)));
    return [...round.members].map((worldRank) => {
      const isMember = ({ worldRanks }: CommunicatorMembers): boolean => worldRanks.includes(worldRank);
      const free = frees.filter(isMember).map(({ id }) => id);
      const order = { round: round.number, pool, kind, group: round.groups.find(isMember), free };
      return { type: 'go', worldRank, order };
    });
  }

  #undo(isUndone: (group: CommunicatorMembers) => boolean): RoundAction[] {
    const undone = [...(this.#round?.groups ?? []), ...this.#queue].filter(isUndone).map(({ id }) => id);
    const isLeft = ({ id }: CommunicatorMembers): boolean => !undone.includes(id);
    if (this.#round) this.#round.groups = this.#round.groups.filter(isLeft);
    this.#queue = this.#queue.filter(isLeft);
    return undone.length === 0 ? [] : [{ type: 'undone', ids: undone }];
  }
}
