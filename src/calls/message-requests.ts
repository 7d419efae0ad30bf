/** Sends, receives and probes of one rank: from their start to their end. */
import type { Incoming, MessageHead, Outgoing, Waiting } from '../backend/carrier.js';
import { lostBuffer } from '../backend/piece-bytes.js';
import type { ShoalError } from '../errors.js';
import { CollectiveMismatchError, InvalidArgumentError, MessageTruncatedError, errorNumber } from '../errors.js';
import { counted } from '../grammar.js';
import type { MemoryRange, MemoryUser } from '../operands/buffers-in-use.js';
import { rangesOf } from '../operands/buffers-in-use.js';
import type { Operand } from '../operands/operand.js';
import type { MessageKind } from '../records/record-layout.js';
import type { Recorder } from '../records/recorder.js';
import type { CallWork } from '../records/call-work.js';
import type { TypedArray } from '../types/buffers.js';
import { dtypeNames, itemBytes, objectId } from '../types/dtype.js';

/** What all of them are. */
export abstract class MessageRequest implements MemoryUser {
  /** The method, for errors. */
  readonly what: string;
  readonly timeoutMs: number;
  abstract readonly ranges: readonly MemoryRange[];
  settled = false;
  error: ShoalError | undefined;
  result: unknown;
  /** Called once it has ended, where it did not end at once. */
  onSettled: (() => void) | undefined;
  signal: AbortSignal | undefined;
  /** When it began to wait; deadlines count from here. */
  startedAt = 0;
  deadline: number = Infinity;
  /** A warning has said that it waits. */
  warned = false;
  /** Among the message calls of this rank, from 1. */
  number = 0;
  /** The line that made the call, where it is noted. */
  madeAt: string | undefined;
  /** Number of its record; set before it starts when it has begun already. */
  record = 0;
  #recorder: Recorder | undefined;
  /** What a trace is told of; set before it starts when it has begun already. */
  work: CallWork | undefined;
  #place = { group: 0, rank: 0 };
  /** The call that it is a part of, in words; undefined: it is the whole call. */
  partOf: string | undefined;

  constructor(what: string, timeoutMs: number) {
    this.what = what;
    this.timeoutMs = timeoutMs;
  }

  /** What this rank waits for while it is open. */
  abstract get waiting(): Waiting;
  /** Such as `recv(source 1, tag 3)`. */
  abstract get text(): string;
  /** What is noted of it. */
  protected abstract get kind(): MessageKind;
  protected abstract readonly dtype: number;
  protected abstract get sizeBytes(): number;

  /** The message that it is of, as far as that is known. */
  protected get carried(): { peer: number; tag: number; sizeBytes: number } {
    const { peer = -1, tag = -1 } = this.waiting;
    return { peer, tag, sizeBytes: this.sizeBytes };
  }

  /** What the caller gets once it has ended well. */
  get given(): unknown {
    return this.result;
  }

  /** Note that it begins. */
  begin(recorder: Recorder, group: number, rank: number): void {
    this.#recorder = recorder;
    const { tracer } = recorder;
    if (tracer) {
      this.work ??= tracer.begin();
      this.#place = { group, rank };
    }
    if (this.record !== 0) return;
    const { peer = -1, tag = -1 } = this.waiting;
    this.record = recorder.beginMessage(this.kind, peer, tag, this.dtype, this.sizeBytes, group);
  }

  beginWait(now: number): void {
    this.startedAt = now;
    this.deadline = now + this.timeoutMs;
    this.#recorder?.wait(this.record, now);
  }

  settle(error: ShoalError | undefined): void {
    if (this.settled) return;
    this.settled = true;
    this.error = error;
    if (this.startedAt === 0 && !error) this.#recorder?.endMessage(this.record);
    else this.#recorder?.settleMessage(this.record, this.startedAt, error ? errorNumber(error) : 0);
    if (this.work && this.#recorder) this.#tellTrace(this.#recorder, this.work, error);
    this.onSettled?.();
  }

  #tellTrace({ tracer, lease }: Recorder, work: CallWork, error: ShoalError | undefined): void {
    const { dtype } = this;
    const failed = error ? errorNumber(error) : 0;
    tracer?.endMessage(this.kind, { ...this.carried, dtype, lease, failed, ...this.#place }, work);
  }
}

/** A message to another rank. */
export class Send extends MessageRequest {
  readonly dest: number;
  readonly tag: number;
  /** Its number. */
  readonly dtype: number;
  readonly operand: Operand;
  readonly ranges: readonly MemoryRange[];
  /** Set before it starts, when the message is on its way already. */
  outgoing: Outgoing | undefined;

  constructor(what: string, timeoutMs: number, operand: Operand, dest: number, tag: number, dtype: number) {
    super(what, timeoutMs);
    this.operand = operand;
    this.dest = dest;
    this.tag = tag;
    this.dtype = dtype;
    this.ranges = rangesOf([operand.memory]);
  }

  get waiting(): Waiting {
    return { kind: 'send', peer: this.dest, tag: this.tag, lacksRoom: false };
  }

  get text(): string {
    return this.partOf ?? `${this.what}(dest ${this.dest}${tagText(this.tag)})`;
  }

  protected get kind(): MessageKind {
    if (this.tag < 0) return 'group';
    return this.dtype === objectId ? 'sendObject' : 'send';
  }

  protected get sizeBytes(): number {
    return this.operand.array.byteLength;
  }
}

/** Which messages a receive or a probe is for; undefined: any. */
export class Pattern {
  readonly source: number | undefined;
  readonly tag: number | undefined;

  constructor(source: number | undefined, tag: number | undefined) {
    this.source = source;
    this.tag = tag;
  }

  fits({ source, tag }: MessageHead): boolean {
    // Tags below 0 are of calls of our own, such as those that make a group.
    const isTag = this.tag === undefined ? tag >= 0 : this.tag === tag;
    return isTag && (this.source === undefined || this.source === source);
  }

  get text(): string {
    return `source ${this.source ?? 'any'}${tagText(this.tag)}`;
  }
}

/** Where the bytes of a message go. */
export interface Target {
  /** Number of the dtype that is expected. */
  readonly dtype: number;
  /** Undefined: it is made when a message has come. */
  readonly operand: Operand | undefined;
  /** What the caller gets as `data`. */
  readonly data: unknown;
  /** Make both for so many bytes. */
  readonly make: (sizeBytes: number) => { operand: Operand; data: unknown };
}

/** A message from another rank. */
export class Receive extends MessageRequest {
  readonly pattern: Pattern;
  readonly ranges: readonly MemoryRange[];
  protected readonly dtype: number;
  readonly #target: Target;
  /** Of the memory of its array when the call was made. */
  readonly #sizeBytes: number;
  #incoming: Incoming | undefined;
  #operand: Operand | undefined;
  #data: unknown;
  #refusal: ShoalError | undefined;

  constructor(what: string, timeoutMs: number, pattern: Pattern, target: Target) {
    super(what, timeoutMs);
    this.pattern = pattern;
    this.dtype = target.dtype;
    this.#target = target;
    this.#sizeBytes = target.operand?.memory.byteLength ?? 0;
    this.ranges = target.operand ? rangesOf([target.operand.memory]) : [];
  }

  get waiting(): Waiting {
    return { kind: 'recv', peer: this.pattern.source, tag: this.pattern.tag, lacksRoom: false };
  }

  get text(): string {
    return this.partOf ?? `${this.what}(${this.pattern.text})`;
  }

  protected get kind(): MessageKind {
    if ((this.pattern.tag ?? 0) < 0) return 'group';
    return this.dtype === objectId ? 'recvObject' : 'recv';
  }

  protected get sizeBytes(): number {
    return this.#target.operand?.array.byteLength ?? 0;
  }

  protected override get carried(): { peer: number; tag: number; sizeBytes: number } {
    if (!this.#incoming) return super.carried;
    const { source: peer, tag, sizeBytes } = this.#incoming;
    return { peer, tag, sizeBytes };
  }

  get incoming(): Incoming | undefined {
    return this.#incoming;
  }

  /** The message that it gets. */
  match(incoming: Incoming, rank: number): void {
    this.#incoming = incoming;
    const { dtype, operand, data } = this.#target;
    const room = operand?.array.byteLength ?? Infinity;
    const bytesLeft = operand?.memory.byteLength ?? 0;
    if (bytesLeft < this.#sizeBytes) this.#refusal = lostBuffer(this.what, bytesLeft);
    else if (incoming.dtype !== dtype) this.#refusal = this.#otherDtype(incoming, rank);
    else if (incoming.sizeBytes > room) this.#refusal = this.#tooLong(incoming, room);
    else if (operand) [this.#operand, this.#data] = [operand, data];
    else this.#make(incoming);
    // A shorter message leaves the other elements as they were.
    this.#operand?.packed?.gather();
  }

  /**
   * Go on; false while bytes are still to come. `end` settles it then.
   *
   * @throws {@link InvalidArgumentError} when the array was detached or shrunk meanwhile.
   */
  step(): boolean {
    const array = this.#refusal ? undefined : this.#operand?.array;
    const status = this.#incoming?.take(array);
    if (status === 'lost') throw lostBuffer(this.what, array?.byteLength ?? 0);
    if (status !== 'complete') return false;
    if (this.#refusal || !this.#operand?.packed) return true;
    if (!this.#operand.packed.usable) throw lostBuffer(this.what, this.#operand.memory.byteLength);
    this.#operand.packed.scatter();
    return true;
  }

  /** All bytes have come. */
  end(): void {
    const incoming = this.#incoming;
    if (!incoming) return;
    if (!this.#refusal) {
      const { source, tag, sizeBytes, dtype } = incoming;
      this.result = { data: this.#data, source, tag, count: countOf(dtype, sizeBytes) };
    }
    this.settle(this.#refusal);
  }

  #make({ source, tag, dtype, sizeBytes }: Incoming): void {
    try {
      ({ operand: this.#operand, data: this.#data } = this.#target.make(sizeBytes));
    } catch (cause) {
      this.#refusal = new InvalidArgumentError(
        `${this.what}: no array can be made for ${counted(countOf(dtype, sizeBytes), 'element')} that rank ${source} has ` +
          `sent with tag ${tag}. The message is lost; send less at a time`,
        { source, tag },
        { cause },
      );
    }
  }

  #otherDtype({ source, tag, dtype, sizeBytes }: Incoming, rank: number): ShoalError {
    const count = countOf(dtype, sizeBytes);
    const sent =
      dtype === objectId
        ? `sendObject(${counted(count, 'byte')}, tag ${tag})`
        : `send(${kindOf(dtype)} × ${count}, tag ${tag})`;
    const takesObject = this.#target.dtype === objectId;
    const own = takesObject ? this.text : `${this.what}(${kindOf(this.#target.dtype)}, ${this.pattern.text})`;
    const wanted = takesObject ? 'a message of sendObject' : 'a message of the dtype of the buffer';
    const calls = [
      { rank: source, call: sent },
      { rank, call: own },
    ];
    return new CollectiveMismatchError(
      `${this.what}: expected ${wanted}; rank ${source} called ${sent}, rank ${rank} ${own}. The message is lost` +
        (takesObject ? '' : ' and the buffer as it was'),
      { calls },
    );
  }

  #tooLong({ source, tag, dtype, sizeBytes }: Incoming, room: number): ShoalError {
    const [count, capacity] = [countOf(dtype, sizeBytes), countOf(dtype, room)];
    return new MessageTruncatedError(
      `${this.what}: expected a message of at most ${counted(capacity, 'element')}, as many as the buffer has; rank ${source} has ` +
        `sent ${count} with tag ${tag}. The message is lost and the buffer as it was; probe tells the count before, ` +
        `and a class in place of a buffer takes any`,
      { source, tag, count, capacity },
    );
  }
}

/** What comes next, left where it is. */
export class Probe extends MessageRequest {
  readonly pattern: Pattern;
  readonly ranges: readonly MemoryRange[] = [];
  protected readonly kind = 'probe';
  protected readonly dtype: number = objectId;
  protected readonly sizeBytes = 0;

  constructor(what: string, timeoutMs: number, pattern: Pattern) {
    super(what, timeoutMs);
    this.pattern = pattern;
  }

  get waiting(): Waiting {
    return { kind: 'recv', peer: this.pattern.source, tag: this.pattern.tag, lacksRoom: false };
  }

  get text(): string {
    return `${this.what}(${this.pattern.text})`;
  }

  /** A message that fits has come. */
  see({ source, tag, dtype, sizeBytes }: Incoming): void {
    this.result = { source, tag, dtype: kindOf(dtype), count: countOf(dtype, sizeBytes) };
    this.settle(undefined);
  }
}

/** A message of a rank to itself: its bytes are in the sender's array until they are received or kept. */
export class SelfMessage implements Incoming, Outgoing {
  readonly error = undefined;
  isComplete = false;
  readonly source: number;
  readonly tag: number;
  readonly dtype: number;
  readonly sizeBytes: number;
  readonly heldBytes: number;
  readonly #array: TypedArray;
  #kept: Uint8Array | undefined;

  /** @param isKept - It will be kept when nobody receives it at once. */
  constructor(source: number, { tag, dtype, operand }: Send, isKept: boolean) {
    this.heldBytes = isKept ? operand.array.byteLength : 0;
    this.source = source;
    this.tag = tag;
    this.dtype = dtype;
    this.sizeBytes = operand.array.byteLength;
    this.#array = operand.array;
  }

  take(target: TypedArray | undefined): 'complete' | 'lost' {
    this.isComplete = true;
    if (!target || this.sizeBytes === 0) return 'complete';
    const bytes = this.#kept ?? this.#bytes();
    if (!bytes || target.byteLength < this.sizeBytes) return 'lost';
    new Uint8Array(target.buffer, target.byteOffset, this.sizeBytes).set(bytes);
    return 'complete';
  }

  /** The send need not wait: copy the bytes. */
  keep(): void {
    this.#kept = this.#bytes()?.slice();
    this.isComplete = true;
  }

  #bytes(): Uint8Array | undefined {
    const { buffer, byteOffset, byteLength } = this.#array;
    return byteLength < this.sizeBytes ? undefined : new Uint8Array(buffer, byteOffset, this.sizeBytes);
  }
}

function tagText(tag: number | undefined): string {
  return tag !== undefined && tag < 0 ? '' : `, tag ${tag ?? 'any'}`;
}

/** What a message consists of. */
function kindOf(dtype: number): string {
  return dtype === objectId ? 'object' : (dtypeNames[dtype] ?? `dtype ${dtype}`);
}

/** Elements of so many bytes. */
function countOf(dtype: number, sizeBytes: number): number {
  return sizeBytes / itemBytes[dtypeNames[dtype] ?? 'uint8'];
}
