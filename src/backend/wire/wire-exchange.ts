/** One rank's side of one start of a collective over the wire: everybody's descriptor first, then the bytes. */
import { nowMs } from '../../clock.js';
import type { Vector } from './exchange.js';
import { wireAlgorithmOf } from './wire-algorithms.js';
import { bruck } from './bruck.js';
import type { Exchange, Steps } from './exchange.js';
import type { MemberInfo, ShoalError } from '../../errors.js';
import type { AbortReason } from '../abort-reason.js';
import type { Descriptor } from '../../operations/descriptor.js';
import type { TypedArray } from '../../types/buffers.js';
import type { Endpoint } from './endpoint.js';
import type { Block, SendCount } from './open-requests.js';
import type { TransferStatus } from '../backend.js';
import type { CallWork } from '../../records/call-work.js';
import type { ArrayParts, CopyPart } from '../../operands/array-parts.js';
import { bytesOf, lostBuffer } from '../piece-bytes.js';
import type { CallArguments } from '../call-arguments.js';
import { raggedExchange } from './wire-ragged.js';
import type { WireDescriptor } from './wire-descriptor.js';
import { agree, decodeDescriptor, encodeDescriptor, descriptorBytes, smallBytes } from './wire-descriptor.js';
import type { EnvelopeKind } from './envelope.js';

/** After this time of waiting a rank tells everybody what it calls, so that errors name just those who are missing. */
const tellAfterMs = 50;
/** A turn of the wire takes as long as so many turns in the window. */
const windowTurns = 100;

/** What a transfer asks of its channel. */
export interface WireMembers {
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly endpoint: Endpoint;
  /** The number of the next call. */
  nextSequence(): number;
  abortReason(): AbortReason | undefined;
  /** Whether a member's function has returned before it came to this call. */
  hasEnded(sequence: number): boolean;
  /** Keep what a member calls. */
  note(rank: number, descriptor: Descriptor): void;
  send(...message: SendArguments): boolean;
  /** The whole message of a member; undefined while it has not come. */
  take(source: number, sequence: number, step: number): Block | undefined;
  tellAll(kind: EnvelopeKind, sequence: number, payload?: Uint8Array): void;
  /** This rank has completed a call. */
  complete(sequence: number): void;
}

/** A message to one member. */
export type SendArguments = [
  dest: number,
  kind: EnvelopeKind,
  sequence: number,
  step: number,
  payload: Uint8Array,
  block: Block | undefined,
  count: SendCount,
  reason?: number,
];

/**
 * One start of a call: lives from the call's turn to its end. Messages never touch the caller's arrays: it can end at
 * any time.
 */
export class WireExchange implements Exchange, Vector {
  readonly sequence: number;
  ownError: ShoalError | undefined;
  readonly #channel: WireMembers;
  readonly #args: CallArguments;
  readonly #own: Uint8Array;
  readonly #sends: SendCount = { open: 0 };
  readonly #steps: Steps<TransferStatus>;
  readonly #startedAt = nowMs();
  readonly #work: CallWork | undefined;
  #told = false;
  /** All descriptors have been seen. */
  #planned = false;

  constructor(
    channel: WireMembers,
    args: CallArguments,
    refusal: ShoalError | undefined,
    sequence: number,
    work: CallWork | undefined,
  ) {
    this.#work = work;
    this.#channel = channel;
    this.#args = args;
    this.sequence = sequence;
    const payloadBytes = this.#isSmall && (args.input ?? args.inputParts) ? this.#inputBytes : 0;
    this.#own = encodeDescriptor(args, channel.rank, sequence, refusal, payloadBytes);
    channel.note(channel.rank, decodeDescriptor(this.#own).descriptor);
    if (payloadBytes > 0) this.read(0, this.#own.subarray(descriptorBytes(0), descriptorBytes(0) + payloadBytes));
    this.#steps = this.#run(refusal !== undefined);
  }

  step(turns: number): TransferStatus {
    if (this.ownError) return 'aborted';
    for (let turn = 0; ; turn += windowTurns) {
      if (this.#channel.abortReason()) return 'aborted';
      if (!this.#planned && this.#channel.hasEnded(this.sequence)) return this.#end('mismatch');
      const { done, value } = this.#steps.next();
      if (done) return this.#end(value);
      if (turn >= turns) break;
    }
    this.#tellWhenLate();
    return 'pending';
  }

  leave(): 'left' {
    this.#steps.return('aborted');
    return 'left';
  }

  get rank(): number {
    return this.#channel.rank;
  }
  get size(): number {
    return this.#channel.members.length;
  }
  allocate(sizeBytes: number): Block | undefined {
    return this.#channel.endpoint.allocate(sizeBytes);
  }
  release(block: Block): void {
    this.#channel.endpoint.release(block);
  }
  view(block: Block, offset?: number, sizeBytes?: number): Uint8Array {
    return this.#channel.endpoint.view(block, offset, sizeBytes);
  }
  send(dest: number, step: number, block: Block, offset: number, sizeBytes: number): boolean {
    const since = this.#work ? nowMs() : 0;
    const payload = this.view(block, offset, sizeBytes);
    const isSent = this.#channel.send(dest, 'data', this.sequence, step, payload, block, this.#sends);
    this.#work?.moved(since);
    return isSent;
  }
  take(source: number, step: number): Block | undefined {
    return this.#channel.take(source, this.sequence, step);
  }
  allSent(): boolean {
    return this.#sends.open === 0;
  }
  reduce(sources: readonly number[], target: number, count: number): void {
    const since = this.#work ? nowMs() : 0;
    const { dtype, op } = this.#args;
    this.#channel.endpoint.memory.reduce(dtype, op, sources, target, count);
    this.#work?.reduced(since);
  }

  get count(): number {
    return this.#args.count;
  }
  get itemBytes(): number {
    return this.#args.itemBytes;
  }
  get blocksOut(): number {
    return this.#args.blocksOut;
  }
  read(start: number, target: Uint8Array): boolean {
    const since = this.#work ? nowMs() : 0;
    const isRead = this.#read(start, target);
    this.#work?.moved(since);
    return isRead;
  }
  write(start: number, source: Uint8Array): boolean {
    const since = this.#work ? nowMs() : 0;
    const isWritten = this.#write(start, source);
    this.#work?.moved(since);
    return isWritten;
  }

  #read(start: number, target: Uint8Array): boolean {
    const { input, inputParts } = this.#args;
    if (inputParts) {
      return this.#copyParts(inputParts, start, target.length, (part, place) => {
        target.set(part, place);
      });
    }
    const piece = this.#pieceOf(input, start, target.length);
    if (piece) target.set(piece);
    return piece !== undefined;
  }
  #write(start: number, source: Uint8Array): boolean {
    const { output, outputParts } = this.#args;
    if (outputParts) {
      return this.#copyParts(outputParts, start, source.length, (part, place) => {
        part.set(source.subarray(place, place + part.length));
      });
    }
    const piece = this.#pieceOf(output, start, source.length);
    piece?.set(source);
    return piece !== undefined;
  }

  *#run(refused: boolean): Steps<TransferStatus> {
    const { operation, root, count, ragged } = this.#args;
    const algorithm = wireAlgorithmOf(operation);
    const block = yield* bruck(this, this.#own, this.size * descriptorBytes(smallBytes));
    try {
      const descriptors = this.#readDescriptors(block);
      this.#planned = true;
      while (!this.allSent()) yield;
      if (refused) return 'refused';
      const [first, ...rest] = descriptors;
      if (first?.refused || rest.some((each) => first && !agree(first, each))) return 'mismatch';
      if (count === 0 || (!algorithm && !ragged)) return 'complete';
      if (algorithm && this.#isSmall) {
        const payloads = descriptors.map(({ payload }) => ({ block, offset: payload, sizeBytes: this.#inputBytes }));
        return (yield* algorithm.small(this, this, payloads, root)) ? 'complete' : 'aborted';
      }
    } finally {
      this.release(block);
    }
    const large = ragged ? raggedExchange(this, this, ragged) : algorithm?.large(this, this, root);
    return large === undefined || (yield* large) ? 'complete' : 'aborted';
  }

  get #inputBytes(): number {
    return this.#args.blocksIn * this.#args.count * this.#args.itemBytes;
  }

  /** What every rank brings travels with its descriptor. */
  get #isSmall(): boolean {
    return this.#args.ragged === undefined && this.#inputBytes <= smallBytes;
  }

  /** In rank order; descriptors begin with this rank's. */
  #readDescriptors(block: Block): (WireDescriptor & { readonly payload: number })[] {
    const descriptors: (WireDescriptor & { readonly payload: number })[] = [];
    let offset = 0;
    for (let i = 0; i < this.size; i++) {
      const each = decodeDescriptor(this.view(block, offset));
      descriptors.push({ ...each, payload: offset + each.payloadOffset });
      this.#channel.note(each.rank, each.descriptor);
      offset += each.sizeBytes;
    }
    return descriptors.sort((a, b) => a.rank - b.rank);
  }

  #copyParts(parts: ArrayParts, start: number, sizeBytes: number, copy: CopyPart): boolean {
    const isCopied = parts.copyRange(start * this.#args.itemBytes, sizeBytes, copy);
    if (!isCopied) this.ownError = lostBuffer(this.#args.operation.name, parts.bytesLeft);
    return isCopied;
  }

  #pieceOf(array: TypedArray | undefined, start: number, sizeBytes: number): Uint8Array | undefined {
    const piece = array && bytesOf(this.#args, array, start, sizeBytes);
    if (!(piece instanceof Error)) return piece;
    this.ownError = piece;
    return undefined;
  }

  #tellWhenLate(): void {
    if (this.#told || this.#planned) return;
    const waitedMs = nowMs() - this.#startedAt;
    if (waitedMs < Math.min(tellAfterMs, this.#args.timeoutMs / 2)) return;
    this.#told = true;
    this.#channel.tellAll('descriptor', this.sequence, this.#own.subarray(0, descriptorBytes(0)));
  }

  #end(status: TransferStatus): TransferStatus {
    this.#steps.return(status);
    if (status !== 'aborted') this.#channel.complete(this.sequence);
    return status;
  }
}
