/** A rank's membership in a group, as the head gives it. */
import type { MemberInfo } from '../errors.js';

/** A slot of the window, lent to a group under a number that is never used again in the pool. */
export interface Lease {
  readonly lease: number;
  readonly slot: number;
  readonly taskId: string;
  readonly rank: number;
  /**
   * The group's communicator; −1: none. On the way to a rank's control side it is the head's number for it. Between the
   * control side and its thread it is that of the addon.
   */
  readonly communicator: number;
  /** All members in rank order; `worldRank` says which doorbell is whose. */
  readonly members: readonly MemberInfo[];
}
