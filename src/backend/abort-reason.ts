/** The abort word of a slot: 0, or why the lease ended early and through which rank. */

/** Why a lease was aborted. `ofTask`: of a group inside a task, whose own group has failed: that one knows why. */
const abortKinds = ['timeout', 'cancelled', 'peerFailed', 'workerDied', 'taskExited', 'taskTimeout', 'ofTask'] as const;

/** Why a lease was aborted. */
export type AbortKind = (typeof abortKinds)[number];

/** A decoded abort word. */
export interface AbortReason {
  readonly kind: AbortKind;
  /** Rank that caused it; undefined when it came from the control side. */
  readonly rank: number | undefined;
}

/** Encode as kind + 1 in the low byte and rank + 1 above; never 0. */
export function encodeAbort(kind: AbortKind, rank?: number): number {
  return ((rank === undefined ? 0 : rank + 1) << 8) | (abortKinds.indexOf(kind) + 1);
}

/** Decode an abort word that is not 0. */
export function decodeAbort(word: number): AbortReason {
  const kind = abortKinds[(word & 0xff) - 1] ?? 'cancelled';
  const rank = (word >>> 8) - 1;
  return { kind, rank: rank < 0 ? undefined : rank };
}
