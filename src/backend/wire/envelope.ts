/** What goes ahead of every message: whose it is and what it is for. */

/** Bytes of an encoded envelope. */
export const envelopeBytes = 64;

/**
 * `data`: bytes of a call. `descriptor`: what a rank calls, sent when it waits long. `finished`: a rank's function has
 * returned, at `sequence`. `abort`: the lease ends early. `left`: the rank leaves MPI. Of messages, see `wire-carrier.ts`:
 * `message`: one, or that there is one. `want`: send its bytes. `piece`: some of them. `credit`: so many were received.
 * `waits`: what a rank waits for.
 */
const kinds = [
  'data',
  'descriptor',
  'finished',
  'abort',
  'left',
  'message',
  'want',
  'piece',
  'credit',
  'waits',
] as const;

/** See {@link kinds}. */
export type EnvelopeKind = (typeof kinds)[number];

/** A message's address within its lease is (source, sequence, step). */
export interface Envelope {
  readonly kind: EnvelopeKind;
  /** The lease that it belongs to; 0 for `left`. */
  readonly lease: number;
  /** The group inside the task; 0: the task's own. */
  readonly group: number;
  /** Its rank in the communicator. */
  readonly source: number;
  readonly sequence: number;
  /** Which of the messages of one call between two ranks. */
  readonly step: number;
  /** Bytes of the payload. */
  readonly sizeBytes: number;
  /** Abort word of `abort`. */
  readonly reason: number;
}

const highWord = 2 ** 32;

/** Write to a place that is a multiple of 4. */
export function writeEnvelope(u32: Uint32Array, address: number, envelope: Envelope): void {
  const { kind, lease, group, source, sequence, step, sizeBytes, reason } = envelope;
  const wide = [sequence, group].flatMap((value) => [value >>> 0, Math.floor(value / highWord)]);
  u32.set([kinds.indexOf(kind) + 1, lease, source, step, sizeBytes, reason, ...wide], address / 4);
}

/** Undefined where none was written. */
export function readEnvelope(u32: Uint32Array, address: number): Envelope | undefined {
  const word = (index: number): number => u32[address / 4 + index] ?? 0;
  const wide = (index: number): number => word(index) + word(index + 1) * highWord;
  const kind = kinds[word(0) - 1];
  if (!kind) return undefined;
  const [lease, source, step, sizeBytes, reason] = [word(1), word(2), word(3), word(4), word(5)];
  return { kind, lease, group: wide(8), source, sequence: wide(6), step, sizeBytes, reason };
}
