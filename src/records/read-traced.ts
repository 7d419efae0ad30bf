/** What ranks have noted for a trace, read back: nothing is believed before it was checked. */
import { errorClasses } from '../errors.js';
import { readName } from '../operations/call-name.js';
import { nameBytes } from '../operations/descriptor.js';
import { describeCall } from '../operations/describe.js';
import { operationOf } from '../operations/index.js';
import { dtypeNames } from '../types/dtype.js';
import type { MessageKind, Phase } from './record-layout.js';
import { messageKinds, phases } from './record-layout.js';
import { tracedAt as at, tracedKinds, traceWords } from './trace-layout.js';

const slotBytes = traceWords * Int32Array.BYTES_PER_ELEMENT;

/** What all slots say. Times are milliseconds since the trace began. */
interface TracedSpan {
  readonly lease: number;
  readonly begunMs: number;
  readonly endedMs: number;
}

/** A collective or a message call of a rank; or several short ones in a row that are alike. */
export interface TracedOperation extends TracedSpan {
  readonly kind: 'collective' | 'message';
  readonly operation: string;
  /** Such as `allreduce(float32 × 1000, op sum)`. */
  readonly call: string;
  /** Of a collective: its number in its group. */
  readonly sequence: number;
  readonly times: number;
  /** Code of the error with which it ended. */
  readonly code: string | undefined;
  /** The rank's own in the group. */
  readonly rank: number;
  /** 0: the task's own. */
  readonly group: number;
  /** Of a message: the other rank of the group, and its tag. */
  readonly peer: number;
  readonly tag: number;
  readonly sizeBytes: number;
  /** In all its calls: for which it copied, for which it reduced, and for which the rank was in them. */
  readonly movedMs: number;
  readonly reducedMs: number;
  readonly inCallsMs: number;
}

/** The function of a task is at something else from then on. */
export interface TracedPhase extends TracedSpan {
  readonly kind: 'phase';
  readonly phase: Phase;
}

/** What a rank has noted, in its order; what makes no sense is left out. */
export function readTraced(slots: Uint8Array): (TracedOperation | TracedPhase)[] {
  const bytes = slots.slice();
  const count = Math.floor(bytes.length / slotBytes);
  const found = Array.from({ length: count }, (_, i) => readSlot(new Slot(bytes.buffer, i * slotBytes)));
  return found.filter((each) => each !== undefined);
}

/** One slot. */
class Slot {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #floats: Float32Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, traceWords);
    this.#doubles = new Float64Array(buffer, offset, traceWords / 2);
    this.#floats = new Float32Array(buffer, offset, traceWords);
  }

  word(index: number): number {
    return this.#words[index] ?? 0;
  }

  double(index: number): number {
    return this.#doubles[index / 2] ?? Number.NaN;
  }

  bytes(index: number, sizeBytes: number): Uint8Array {
    return new Uint8Array(this.#words.buffer, this.#words.byteOffset + index * 4, sizeBytes).slice();
  }

  float(index: number): number {
    return this.#floats[index] ?? Number.NaN;
  }
}

function readSlot(slot: Slot): TracedOperation | TracedPhase | undefined {
  const kind = tracedKinds[slot.word(at.kind)];
  const [begunMs, endedMs] = [slot.double(at.begun), slot.double(at.ended)];
  const lease = slot.word(at.lease);
  if (!Number.isFinite(begunMs) || !(endedMs >= begunMs) || endedMs === Infinity) return undefined;
  if (kind === undefined) return undefined;
  if (kind === 'phase') {
    const phase = phases[slot.word(at.operation)];
    return phase && { kind, phase, lease, begunMs, endedMs };
  }
  const [group, sizeBytes, count] = [slot.double(at.group), slot.double(at.sizeBytes), slot.double(at.count)];
  const [movedMs, reducedMs, inCallsMs] = [slot.float(at.moved), slot.float(at.reduced), slot.float(at.inCalls)];
  const times = slot.word(at.times);
  if (![group, sizeBytes, count].every(isCount) || ![movedMs, reducedMs, inCallsMs].every(isDuration)) return undefined;
  const what = kind === 'collective' ? collectiveOf(slot) : messageOf(slot);
  if (!what || times < 1) return undefined;
  return {
    kind,
    ...what,
    lease,
    begunMs,
    endedMs,
    sequence: slot.word(at.sequence) >>> 0,
    times,
    code: errorClasses[slot.word(at.failed) - 1]?.code,
    rank: slot.word(at.rank),
    group,
    peer: slot.word(at.peer),
    tag: slot.word(at.tag),
    sizeBytes,
    movedMs,
    reducedMs,
    inCallsMs,
  };
}

type Described = Pick<TracedOperation, 'operation' | 'call'>;

function collectiveOf(slot: Slot): Described | undefined {
  const operation = operationOf(slot.word(at.operation));
  if (!operation) return undefined;
  const packed = slot.word(at.dtype);
  const length = slot.double(at.nameLength);
  if (!isCount(length)) return undefined;
  const call = describeCall({
    sequence: slot.word(at.sequence) >>> 0,
    state: 0,
    code: 0,
    operation: operation.number,
    dtype: packed & 255,
    op: packed >>> 8,
    root: slot.word(at.peer),
    count: slot.double(at.count),
    ...readName(slot.bytes(at.nameBytes, nameBytes), length),
    shared: undefined,
  });
  return { operation: operation.name, call };
}

function messageOf(slot: Slot): Described | undefined {
  const operation: MessageKind | undefined = messageKinds[slot.word(at.operation)];
  if (!operation) return undefined;
  const role = operation.startsWith('send') ? 'dest' : 'source';
  const [peer, tag] = [slot.word(at.peer), slot.word(at.tag)];
  const dtype = dtypeNames[slot.word(at.dtype)];
  const what = dtype === undefined ? '' : `${dtype}, ${slot.double(at.sizeBytes)} bytes, `;
  if (operation === 'group') return { operation, call: `group(…, with rank ${peer})` };
  return { operation, call: `${operation}(${what}${role} ${peer < 0 ? 'any' : peer}, tag ${tag < 0 ? 'any' : tag})` };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isDuration(value: number): boolean {
  return value >= 0 && value < Infinity;
}
