/** One rank's side of one collective over the wire: everybody's descriptor first, then the bytes. */
import { nowMs } from '../clock.js';
import type { Vector } from '../algorithms/wire/allreduce.js';
import { allreduceLarge } from '../algorithms/wire/allreduce.js';
import { broadcastLarge } from '../algorithms/wire/broadcast.js';
import { bruck } from '../algorithms/wire/bruck.js';
import type { Party, Steps } from '../algorithms/wire/party.js';
import { wait } from '../algorithms/wire/party.js';
import type { ShoalError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import type { Block, SendCount } from '../wire/endpoint.js';
import type { Movement, MoveStatus } from './link.js';
import { bytesOf } from './piece-bytes.js';
import type { Request } from './request.js';
import type { WireEntry } from './wire-entry.js';
import { agree, decodeEntry, encodeEntry, entryBytes, smallBytes } from './wire-entry.js';
import type { WireLink } from './wire-link.js';

/** After this time of waiting a rank tells everybody what it calls, so that errors name just those who are missing. */
const tellAfterMs = 50;
/** A turn of the wire takes as long as so many turns in the window. */
const windowTurns = 100;

/** Lives from the call's turn to its end. Messages never touch the caller's arrays: it can end at any time. */
export class WireMovement implements Movement, Party, Vector {
  readonly sequence: number;
  readonly polls = false;
  ownError: ShoalError | undefined;
  readonly #link: WireLink;
  readonly #request: Request;
  readonly #entry: Uint8Array;
  readonly #sends: SendCount = { open: 0 };
  readonly #steps: Steps<MoveStatus>;
  readonly #startedAt = nowMs();
  #told = false;
  /** All descriptors have been seen. */
  #planned = false;

  constructor(link: WireLink, request: Request, refusal: ShoalError | undefined, sequence: number) {
    this.#link = link;
    this.#request = request;
    this.sequence = sequence;
    const { input } = request;
    const payloadBytes = this.#isSmall && input ? this.#sizeBytes : 0;
    this.#entry = encodeEntry(request, link.rank, sequence, refusal, payloadBytes);
    link.note(link.rank, decodeEntry(this.#entry).record);
    if (payloadBytes > 0) this.read(0, this.#entry.subarray(entryBytes(0), entryBytes(0) + payloadBytes));
    this.#steps = this.#run(refusal !== undefined);
  }

  step(turns: number): MoveStatus {
    if (this.ownError) return 'aborted';
    for (let turn = 0; ; turn += windowTurns) {
      if (this.#link.abortReason()) return 'aborted';
      if (!this.#planned && this.#link.hasEnded(this.sequence)) return this.#end('mismatch');
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
    return this.#link.rank;
  }
  get size(): number {
    return this.#link.members.length;
  }
  allocate(sizeBytes: number): Block | undefined {
    return this.#link.endpoint.allocate(sizeBytes);
  }
  release(block: Block): void {
    this.#link.endpoint.release(block);
  }
  view(block: Block, offset?: number, sizeBytes?: number): Uint8Array {
    return this.#link.endpoint.view(block, offset, sizeBytes);
  }
  send(dest: number, step: number, block: Block, offset: number, sizeBytes: number): boolean {
    const payload = this.view(block, offset, sizeBytes);
    return this.#link.send(dest, 'data', this.sequence, step, payload, block, this.#sends);
  }
  take(source: number, step: number): Block | undefined {
    return this.#link.take(source, this.sequence, step);
  }
  allSent(): boolean {
    return this.#sends.open === 0;
  }
  reduce(sources: readonly number[], target: number, count: number): void {
    const { dtype, op } = this.#request;
    this.#link.endpoint.memory.reduce(dtype, op, sources, target, count);
  }

  get count(): number {
    return this.#request.count;
  }
  get itemBytes(): number {
    return this.#request.itemBytes;
  }
  read(start: number, target: Uint8Array): boolean {
    const piece = this.#pieceOf(this.#request.input, start, target.length);
    if (piece) target.set(piece);
    return piece !== undefined;
  }
  write(start: number, source: Uint8Array): boolean {
    const { output } = this.#request;
    const piece = this.#pieceOf(output, start, source.length);
    piece?.set(source);
    return piece !== undefined;
  }

  *#run(refused: boolean): Steps<MoveStatus> {
    const { algorithm, root, count } = this.#request;
    const block = yield* bruck(this, this.#entry, this.size * entryBytes(smallBytes));
    try {
      const entries = this.#readEntries(block);
      this.#planned = true;
      while (!this.allSent()) yield;
      if (refused) return 'refused';
      const [first, ...rest] = entries;
      if (first?.refused || rest.some((entry) => first && !agree(first, entry))) return 'mismatch';
      if (algorithm.name === 'barrier' || count === 0) return 'complete';
      if (this.#isSmall) return (yield* this.#small(block, entries)) ? 'complete' : 'aborted';
    } finally {
      this.release(block);
    }
    const done =
      algorithm.name === 'broadcast' ? yield* broadcastLarge(this, this, root) : yield* allreduceLarge(this, this);
    return done ? 'complete' : 'aborted';
  }

  get #sizeBytes(): number {
    return this.#request.count * this.#request.itemBytes;
  }

  get #isSmall(): boolean {
    return this.#sizeBytes <= smallBytes;
  }

  /** In rank order; entries begin with this rank's. */
  #readEntries(block: Block): (WireEntry & { readonly payload: number })[] {
    const entries: (WireEntry & { readonly payload: number })[] = [];
    let offset = 0;
    for (let i = 0; i < this.size; i++) {
      const entry = decodeEntry(this.view(block, offset));
      entries.push({ ...entry, payload: offset + entry.payloadOffset });
      this.#link.note(entry.rank, entry.record);
      offset += entry.sizeBytes;
    }
    return entries.sort((a, b) => a.rank - b.rank);
  }

  /** The payloads are here already: every rank folds them itself. */
  *#small(block: Block, entries: readonly { readonly payload: number }[]): Steps<boolean> {
    const { algorithm, output, count, root } = this.#request;
    if (!output) return true;
    if (algorithm.name === 'broadcast') {
      return this.write(0, this.view(block, entries[root]?.payload, this.#sizeBytes));
    }
    const result = yield* wait(() => this.allocate(this.#sizeBytes));
    const sources = entries.map(({ payload }) => block.address + payload);
    this.reduce(sources, result.address, count);
    const written = this.write(0, this.view(result, 0, this.#sizeBytes));
    this.release(result);
    return written;
  }

  #pieceOf(array: TypedArray | undefined, start: number, sizeBytes: number): Uint8Array | undefined {
    const piece = array && bytesOf(this.#request, array, start, sizeBytes);
    if (!(piece instanceof Error)) return piece;
    this.ownError = piece;
    return undefined;
  }

  #tellWhenLate(): void {
    if (this.#told || this.#planned) return;
    const waitedMs = nowMs() - this.#startedAt;
    if (waitedMs < Math.min(tellAfterMs, this.#request.timeoutMs / 2)) return;
    this.#told = true;
    this.#link.tellAll('record', this.sequence, this.#entry.subarray(0, entryBytes(0)));
  }

  #end(status: MoveStatus): MoveStatus {
    this.#steps.return(status);
    if (status !== 'aborted') this.#link.complete(this.sequence);
    return status;
  }
}
