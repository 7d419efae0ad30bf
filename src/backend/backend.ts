/** How a rank reaches the members of its groups: through the window of their host, or over the wire. */
import type { MemberInfo, ShoalError } from '../errors.js';
import type { AbortReason } from './abort-reason.js';
import type { Descriptor } from '../operations/descriptor.js';
import type { Lease } from './lease.js';
import type { CallArguments } from './call-arguments.js';
import type { Carrier } from './carrier.js';
import type { TaskArrays } from '../operands/task-arrays.js';
import type { CallWork } from '../records/call-work.js';

/** Everything of one rank that its groups share; owned by the thread that runs the rank. */
export interface Backend {
  readonly worldRank: number;
  /** Ranks outnumber cores: waiting must give way at once. */
  readonly crowded: boolean;
  readonly arrays: TaskArrays;
  /** Nothing that this rank has told others is still under way: its thread can be ended. */
  readonly isQuiet: boolean;
  /** @throws {@link UnsupportedError} when the rank is in as many groups as it can be. */
  join(lease: Lease): TaskChannel;
}

/** One rank's side of one group. Ranks are those of the group. */
export interface Channel {
  /** Why the lease has ended early, if it has. */
  abortReason(): AbortReason | undefined;
  /** End the lease early and wake everybody; a reason that stands already wins. */
  abort(reason: number): void;
  /** Leave this rank's encoded error where peers find it; before `abort`. */
  leaveFault(encoded: Uint8Array): void;
  readFault(rank: number): Uint8Array | undefined;
  /** Say whether this rank waits for its doorbell in a call of this group. */
  setAsleep(asleep: boolean): void;
  /** What a member has announced for a call; undefined while it has not arrived there. */
  descriptor(rank: number, sequence: number): Descriptor | undefined;
  /** The sequence at which a member's function returned; 0 while it runs. */
  finished(rank: number): number;
  /** The last call that a member has completed. */
  departed(rank: number): number;
  /** Whether a member still touches memory of others. */
  isBusy(rank: number): boolean;
  /**
   * What a task has written to in this rank's memory although nobody may; undefined: nothing is known. `atRest`: this
   * rank is in no call.
   */
  damage(atRest: boolean): string | undefined;
  /** An exception has left a call of this rank in the middle: it touches nobody's memory any more. */
  interrupted(): void;
  /** Whether others have sent messages to this rank, or it has made its carrier. */
  readonly hasMessages: boolean;
  /** Make what carries this rank's messages to others; once. */
  makeCarrier(): Carrier;
  /** Number of the last call, or piece of one, that this rank has started; every one counts, refused ones too. */
  readonly sequence: number;
  /** Prepare a call; `refusal` when it was bad and is only announced. */
  prepare(args: CallArguments, refusal: ShoalError | undefined): Transfer;
  /** Messages of calls that this rank has sent to others and received whole; in a window there are none. */
  readonly traffic: { readonly sent: number; readonly received: number };
  /** Announce that this rank's function has returned: it makes no further call. */
  finish(): void;
  /** Nothing of the group's is touched any more. */
  close(): void;
}

/** One rank's side of the group of a task, which all groups inside the task are made from. */
export interface TaskChannel extends Channel {
  /**
   * Begin to make a group of some of the ranks.
   *
   * @param size - Its members.
   * @param isFirst - This rank is to be the first of them.
   */
  offerGroup(size: number, isFirst: boolean): GroupOffer;
}

/** One rank's part in making a group. */
export interface GroupOffer {
  /** Where this rank's memory for it is; 0: none was needed. The other members are told. */
  readonly address: number;
  /** Bytes that it takes. */
  readonly sizeBytes: number;
  /** This rank had no room. */
  readonly isMissing: boolean;
  /** Where `isMissing`, the longest range that there is. */
  readonly largestFreeBytes: number;
  /** Among the groups whose first rank is this one; from 1. */
  readonly serial: number;
  /** All members have their part: take part in the group. */
  open(group: GroupPlace): Channel;
  /** There will be no group. */
  withdraw(): void;
}

/** A group that was made inside a task, as one of its members sees it. */
export interface GroupPlace {
  /** No other group of the task that this rank hears of has it. */
  readonly number: number;
  readonly rank: number;
  /** In the order of their ranks in it. */
  readonly members: readonly MemberInfo[];
  /** What each member has said. */
  readonly addresses: readonly number[];
}

/** The number of a group: unique among all that a task makes. */
export function groupNumber(firstOfTask: number, serial: number): number {
  return firstOfTask * serials + serial;
}

/** The rank in the task of a group's first member, and which of that rank's groups it is. */
export function groupSerial(number: number): { firstOfTask: number; serial: number } {
  return { firstOfTask: Math.floor(number / serials), serial: number % serials };
}

const serials = 2 ** 32;

/** Where a transfer stands. `complete`, `mismatch` and `refused` are ends; after `aborted` comes `leave`. */
export type TransferStatus = 'pending' | 'complete' | 'mismatch' | 'refused' | 'aborted';

/** What carries the bytes of a call: prepared once, started any number of times, one start at a time. */
export interface Transfer {
  /** Number of the piece under way, or of the last. */
  readonly sequence: number;
  /** Waits for something that nobody notifies of. */
  readonly polls: boolean;
  /** An error of this rank's own, such as a buffer that was detached under way: the group is to fail with it. */
  readonly ownError: ShoalError | undefined;
  /** Where it adds up for what it takes its time, in a trace or as a sample; undefined: it reads no clock. */
  work: CallWork | undefined;
  /** Start the call and go on with it as far as possible without waiting longer than `turns` turns. */
  start(turns: number): TransferStatus;
  /** Go on. */
  step(turns: number): TransferStatus;
  /** End early after an abort: `left` once nobody touches this rank's memory, `complete` if the result came first. */
  leave(): 'pending' | 'complete' | 'left';
}
