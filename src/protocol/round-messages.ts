/** What a worker is told in a communicator round. */

/** How communicators are made: by MPI_Comm_split of the pool, or by MPI_Comm_create_group of the members. */
export type CommunicatorKind = 'split' | 'create-group';

/** A communicator and its members in rank order. */
export interface CommunicatorMembers {
  /** The head's number for it, from 1. */
  readonly id: number;
  readonly worldRanks: readonly number[];
}

/** What one worker does in the second step of a round. */
export interface GoOrder {
  readonly round: number;
  /**
   * World ranks of a new pool communicator, which is made first; undefined: the pool has lost nobody since the last.
   */
  readonly pool: readonly number[] | undefined;
  /** Undefined: none is made in this round. */
  readonly kind: CommunicatorKind | undefined;
  /** The group that the worker is a member of; undefined: of none. */
  readonly group: CommunicatorMembers | undefined;
  /** Communicators that it gives back, in this order. */
  readonly free: readonly number[];
}

/** Head → rank. First step: show that MPI can be entered, answered by `ready`. */
export interface PrepareMessage {
  readonly type: 'prepare';
  readonly round: number;
}

/** Head → rank. Second step, answered by `done`. */
export interface GoMessage {
  readonly type: 'go';
  readonly order: GoOrder;
}

/** Rank → head. */
export interface RoundAnswer {
  readonly type: 'ready' | 'done';
  readonly round: number;
}
