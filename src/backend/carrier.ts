/** What carries the messages of one rank in one group: through lanes of the window, or over the wire. */
import type { InvalidArgumentError } from '../errors.js';
import type { ArrayMemory } from '../operands/array-memory.js';
import type { TypedArray } from '../types/buffers.js';

/** What a report says of a message. */
export interface MessageSize {
  readonly tag: number;
  readonly sizeBytes: number;
}

/** What a message says of itself. */
export interface MessageHead extends MessageSize {
  /** Rank that has sent it. */
  readonly source: number;
  /** Number of its dtype. */
  readonly dtype: number;
}

/** A message that has come, or whose sender waits with it. */
export interface Incoming extends MessageHead {
  /** Bytes of this rank's memory that it takes until it is received. */
  readonly heldBytes: number;
  /**
   * Move its bytes to the beginning of `target`, which has room for them; undefined: nobody wants them. To be called
   * again until it no longer says `pending`; `lost` says that the target has lost its memory.
   */
  take(target: TypedArray | undefined): 'pending' | 'complete' | 'lost';
}

/** A message under way to another rank. */
export interface Outgoing {
  /** The memory that it is sent from is no longer read. */
  readonly isComplete: boolean;
  /** Why it could not be sent: the group is to fail. */
  readonly error: InvalidArgumentError | undefined;
}

/** Where messages go that come. */
export interface Recipient {
  /** Whether further messages of a rank are taken; else they stay with the sender. */
  hasRoom(source: number): boolean;
  /** `take` may be called at once; after this the bytes of a short message lie in memory of its own. */
  deliver(incoming: Incoming): void;
}

/** What a rank waits for: a message from `peer`, or that `peer` takes one. */
export interface Waiting {
  readonly kind: 'recv' | 'send';
  /** Undefined: anybody. */
  readonly peer: number | undefined;
  /** Undefined: any. */
  readonly tag: number | undefined;
  /** Messages to `peer` wait here, since there is no room for them there. */
  readonly lacksRoom: boolean;
}

/** See above. Ranks are those of the group; a rank's messages to itself are not its matter. */
export interface Carrier {
  /** Messages up to this length do not wait for their receiver, as long as it has room for them. */
  readonly eagerBytes: number;
  /** Longer ones to one rank that can be on their way at a time. */
  readonly mostLong: number;
  /** Begin to send. Messages to one rank keep their order. @throws {@link WindowExhaustedError}; nothing is sent. */
  send(dest: number, tag: number, dtype: number, array: TypedArray): Outgoing;
  /** Send a message that need not wait, with less around it; false: nothing was done, and `send` is the way. */
  sendShort(dest: number, tag: number, dtype: number, memory: ArrayMemory): boolean;
  /**
   * Receive the next message of a rank without `step`. It has to be a short one with this tag and dtype, and the array
   * must have room for it. `looks`: how many times this rank looks for it.
   *
   * @returns Its bytes; -1: none has come, or another, and `step` is the way.
   */
  takeShort(source: number, tag: number, dtype: number, memory: ArrayMemory, looks: number): number;
  /**
   * The same for a long message, where one is next: undefined when there is none. Its bytes come when they are taken.
   */
  takeNextLong(source: number, tag: number, dtype: number, roomBytes: number): Incoming | undefined;
  /** Go on with what is under way to one rank. */
  pushTo(dest: number): void;
  /** Take what has come, and go on with what is under way. */
  step(recipient: Recipient): void;
  /** A message was received, so there may be room for another of its source. */
  received(incoming: MessageHead): void;
  /** Tell others what this rank waits for; undefined: for nothing. */
  setWaiting(waiting: Waiting | undefined): void;
  /** What another rank has told. */
  waitingOf(rank: number): Waiting | undefined;
  /** Messages to a rank that wait here, since there is no room for them there; oldest first. */
  waitingTo(dest: number): readonly MessageSize[];
  /** As many long messages of a rank as can be are on their way. */
  isFullOf(source: number): boolean;
  /** 0 when a rank that has returned has taken all that was sent to it. */
  untaken(dest: number): number;
}
