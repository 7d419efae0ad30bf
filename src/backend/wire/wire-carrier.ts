/**
 * The messages of one rank in a group whose members share no memory. A short message goes at once, with its bytes; a
 * long one is announced, and its bytes follow in pieces when the receiver wants them. A rank has so many messages on
 * their way to another until that has taken some, to receive or to keep them: it says how many it has taken.
 */
import type { TypedArray } from '../../types/buffers.js';
import type { Carrier, Incoming, MessageSize, Outgoing, Recipient, Waiting } from '../carrier.js';
import { decodeWaiting, encodeWaiting } from '../waiting-words.js';
import type { Arrival, Endpoint } from './endpoint.js';
import type { EnvelopeKind } from './envelope.js';
import type { SendArguments } from './wire-exchange.js';
import { LongMessage, ShortMessage, WireMessage } from './wire-messages.js';

/** Kinds of envelopes that are of messages. */
export const messageKinds: ReadonlySet<EnvelopeKind> = new Set<EnvelopeKind>([
  'message',
  'want',
  'piece',
  'credit',
  'waits',
]);

const mostEagerBytes = 8 * 1024;
const pieceBytes = 1024 * 1024;
/** Pieces of one message that have not left. */
const openPieces = 2;
/** Messages to one rank that it has not taken. */
const mostUntaken = 256;
/** So many further taken messages are told to their sender. */
const creditEvery = 64;
const longFlag = 0x100;
const nothing = new Uint8Array(0);

/** What a carrier asks of its channel. */
export interface WireRoute {
  readonly rank: number;
  readonly members: readonly { readonly rank: number }[];
  readonly endpoint: Endpoint;
  send(...message: SendArguments): boolean;
  /** A message or a piece was received whole. */
  countReceived(): void;
}

/** What goes to one rank, and comes from it. */
class Pair {
  readonly queue: WireMessage[] = [];
  readonly open = new Map<number, WireMessage>();
  sent = 0;
  /** Of those, how many the other has told to have taken. */
  credited = 0;
  /** Messages that have come. */
  come = 0;
  /** Of those, how many were taken, and how many of these this rank has told. */
  taken = 0;
  told = 0;
  readonly pieces = new Map<number, Arrival[]>();
  waiting: Waiting | undefined;
}

/** Owned by the channel. */
export class WireCarrier implements Carrier {
  readonly eagerBytes: number = mostEagerBytes;
  readonly mostLong: number = Infinity;
  readonly #route: WireRoute;
  readonly #pairs: readonly Pair[];
  /** What has come and was not taken. */
  #inbox: Incoming[] = [];
  /** Ranks that something is still to be sent to. */
  readonly #busy = new Set<number>();
  /** Ranks that are to be told how many of their messages were taken. */
  readonly #owed = new Set<number>();
  #isWaiting = false;

  constructor(route: WireRoute) {
    this.#route = route;
    this.#pairs = route.members.map(() => new Pair());
  }

  send(dest: number, tag: number, dtype: number, array: TypedArray): Outgoing {
    const message = new WireMessage(tag, dtype, array);
    this.#pair(dest).queue.push(message);
    this.#busy.add(dest);
    this.#stepTo(dest);
    return message;
  }

  sendShort(): boolean {
    return false; // every message is copied for MPI
  }

  takeShort(): number {
    return -1;
  }

  takeNextLong(): undefined {
    return undefined;
  }

  pushTo(dest: number): void {
    this.#stepTo(dest);
  }

  step(recipient: Recipient): void {
    if (this.#inbox.length > 0) this.#take(recipient);
    for (const dest of this.#busy) this.#stepTo(dest);
    for (const source of this.#owed) this.#tell(source);
  }

  received(): void {
    this.#route.countReceived();
  }

  setWaiting(waiting: Waiting | undefined): void {
    if (!waiting && !this.#isWaiting) return;
    this.#isWaiting = waiting !== undefined;
    const { what, tag } = encodeWaiting(waiting);
    for (const { rank } of this.#route.members) {
      if (rank === this.#route.rank) continue;
      // What finds no room is left out: it is for the text of errors alone.
      this.#route.send(rank, 'waits', 0, tag, nothing, undefined, { open: 0 }, what);
    }
  }

  waitingOf(rank: number): Waiting | undefined {
    return this.#pair(rank).waiting;
  }

  waitingTo(dest: number): readonly MessageSize[] {
    return this.#pair(dest).queue;
  }

  isFullOf(): boolean {
    return false; // of long messages too, the heads alone lie here
  }

  untaken(dest: number): number {
    const { sent, credited } = this.#pair(dest);
    return sent - credited;
  }

  /** This rank receives nothing any more: senders tell of what it has not seen, and it tells of the rest. */
  finish(): void {
    this.#pairs.forEach((pair, source) => {
      if (pair.come > pair.told) this.#tell(source, pair.come);
    });
  }

  /** Something has come from a member. */
  accept(arrival: Arrival, source: number): void {
    const { envelope, copy } = arrival;
    const { sequence, step, reason } = envelope;
    const pair = this.#pair(source);
    switch (envelope.kind) {
      case 'message': {
        pair.come++;
        const [tag, dtype] = [step | 0, reason & 0xff];
        const isLong = (reason & longFlag) !== 0;
        if (!isLong) this.#inbox.push(new ShortMessage(source, tag, dtype, copy));
        else this.#inbox.push(new LongMessage(this, source, [tag, dtype, readSize(copy), sequence]));
        break;
      }
      case 'want': {
        const message = pair.open.get(sequence);
        if (!message) break;
        if (reason !== 0) {
          pair.open.delete(sequence);
          message.isComplete = true;
        } else {
          message.isWanted = true;
          this.#busy.add(source);
        }
        break;
      }
      case 'piece': {
        const pieces = pair.pieces.get(sequence) ?? [];
        pair.pieces.set(sequence, pieces);
        pieces.push(arrival);
        break;
      }
      case 'credit':
        pair.credited = Math.max(pair.credited, sequence);
        if (pair.queue.length > 0) this.#busy.add(source);
        break;
      default: {
        pair.waiting = decodeWaiting(reason, step, this.#pairs.length);
      }
    }
  }

  /** Go on with a message that was announced. */
  takeLong(message: LongMessage, target: TypedArray | undefined): 'pending' | 'complete' | 'lost' {
    const { source, number } = message;
    if (!message.hasAsked) {
      const reason = target ? 0 : 1;
      if (!this.#route.send(source, 'want', number, 0, nothing, undefined, { open: 0 }, reason)) return 'pending';
      message.hasAsked = true;
    }
    if (!target) return 'complete';
    const { endpoint } = this.#route;
    const { pieces } = this.#pair(source);
    const arrivals = pieces.get(number) ?? [];
    while (arrivals[0]?.ready) {
      const { block } = arrivals[0];
      arrivals.shift();
      this.#route.countReceived();
      if (!block) continue;
      const isThere = target.byteLength >= message.offset + block.sizeBytes && block.sizeBytes <= message.sizeBytes;
      if (isThere) {
        new Uint8Array(target.buffer, target.byteOffset + message.offset, block.sizeBytes).set(endpoint.view(block));
      }
      message.offset += block.sizeBytes;
      endpoint.release(block);
      if (!isThere) return 'lost';
    }
    if (message.offset < message.sizeBytes) return 'pending';
    pieces.delete(number);
    return 'complete';
  }

  /** The lease has ended: nothing is received any more. */
  close(): void {
    for (const { pieces } of this.#pairs) {
      for (const arrivals of pieces.values()) {
        for (const { block } of arrivals) if (block) this.#route.endpoint.release(block);
      }
      pieces.clear();
    }
  }

  /** Deliver what has come, as long as there is room for it. */
  #take(recipient: Recipient): void {
    const come = this.#inbox;
    this.#inbox = [];
    for (const incoming of come) {
      const { source } = incoming;
      if (!recipient.hasRoom(source)) {
        this.#inbox.push(incoming);
        continue;
      }
      recipient.deliver(incoming);
      const pair = this.#pair(source);
      pair.taken++;
      if (pair.taken - pair.told >= creditEvery) this.#owed.add(source);
    }
  }

  #stepTo(dest: number): void {
    const pair = this.#pair(dest);
    while (pair.queue[0] && this.#announce(dest, pair, pair.queue[0])) pair.queue.shift();
    let isBusy = pair.queue.length > 0 && pair.sent - pair.credited < mostUntaken;
    for (const message of pair.open.values()) {
      if (!message.isWanted) continue;
      this.#sendPieces(dest, message);
      if (message.isComplete) pair.open.delete(message.number);
      else isBusy = true;
    }
    if (!isBusy) this.#busy.delete(dest);
  }

  /** False while there is no room. */
  #announce(dest: number, pair: Pair, message: WireMessage): boolean {
    if (pair.sent - pair.credited >= mostUntaken) return false;
    const { tag, dtype, sizeBytes } = message;
    const isLong = sizeBytes > mostEagerBytes;
    const payload = isLong ? sizeOf(sizeBytes) : message.bytes(0, sizeBytes);
    if (!payload) return true;
    const number = pair.sent + 1;
    const reason = dtype | (isLong ? longFlag : 0);
    if (!this.#route.send(dest, 'message', number, tag >>> 0, payload, undefined, { open: 0 }, reason)) return false;
    pair.sent = number;
    if (isLong) {
      message.number = number;
      pair.open.set(number, message);
    } else message.isComplete = true;
    return true;
  }

  #sendPieces(dest: number, message: WireMessage): void {
    const { endpoint } = this.#route;
    const { sizeBytes, number, sends } = message;
    while (message.offset < sizeBytes && sends.open < 2 * openPieces) {
      const length = Math.min(pieceBytes, sizeBytes - message.offset);
      const bytes = message.bytes(message.offset, length);
      if (!bytes) return;
      const block = endpoint.allocate(length);
      if (!block) return;
      endpoint.view(block).set(bytes);
      const step = message.offset / pieceBytes;
      const isSent = this.#route.send(dest, 'piece', number, step, endpoint.view(block), block, sends);
      endpoint.release(block);
      if (!isSent) return;
      message.offset += length;
    }
    message.isComplete = message.offset === sizeBytes && sends.open === 0;
  }

  #tell(source: number, messages: number = this.#pair(source).taken): void {
    const pair = this.#pair(source);
    const count = { open: 0 };
    if (!this.#route.send(source, 'credit', messages, 0, nothing, undefined, count)) return;
    pair.told = messages;
    this.#owed.delete(source);
  }

  #pair(rank: number): Pair {
    const pair = this.#pairs[rank];
    if (!pair) throw new RangeError(`no rank ${rank}`);
    return pair;
  }
}

function sizeOf(sizeBytes: number): Uint8Array {
  return new Uint8Array(Float64Array.of(sizeBytes).buffer);
}

function readSize(bytes: Uint8Array): number {
  return new Float64Array(bytes.slice().buffer)[0] ?? 0;
}
