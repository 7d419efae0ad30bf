/**
 * What a rank notes while a trace runs: a ring of its calls, in the memory of its records. The control side turns it on
 * and takes what was noted; the rank alone writes the ring.
 */

/** Calls of a rank that nobody has taken yet, at most; a power of 2. */
export const traceSlots = 4_096;
/** Words of 4 bytes of one of them. */
export const traceWords = 42;

/** Words of a part's head, after `headAt.trace`. The control side writes the first three. */
export const traceAt = {
  /** Number of the trace; 0: none runs. */
  number: 0,
  /** How many of the noted calls were taken, modulo 2^32. */
  taken: 1,
  /** In a double: when the trace began, in milliseconds of `monotonicMs`. */
  origin: 2,
  /** How many calls were noted, modulo 2^32. */
  noted: 4,
  /** How many there was no room for. */
  lost: 5,
  /** The slot after the last has calls that may become more. */
  isOpen: 6,
} as const;

/** What a slot is of. */
export const tracedKinds = ['collective', 'message', 'phase'] as const;

/** Words of a slot. Those from `begun` to `count` are doubles, those from `moved` on floats; times are milliseconds. */
export const tracedAt = {
  kind: 0,
  /** Of the operation, of the kind of message, or of the phase. */
  operation: 1,
  /** Number of the dtype, plus 256 times that of the reduce op. */
  dtype: 2,
  /** Of a collective the root, of a message the other rank. */
  peer: 3,
  tag: 4,
  lease: 5,
  /** Of a collective: its number in its group. */
  sequence: 6,
  /** Calls of the slot: short ones in a row that are alike can share one. */
  times: 7,
  /** Number of the class of the error with which it ended; 0: well. */
  failed: 8,
  /** Its own rank in the group. */
  rank: 9,
  /** Since the trace began. */
  begun: 10,
  ended: 12,
  group: 14,
  sizeBytes: 16,
  count: 18,
  /** In all calls of the slot: for which it copied, for which it reduced, and for which it was in them. */
  moved: 20,
  reduced: 21,
  inCalls: 22,
  /** Of the call's name: its length in a double, and its bytes. */
  nameLength: 24,
  nameBytes: 26,
} as const;
