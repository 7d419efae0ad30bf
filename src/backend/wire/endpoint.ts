/**
 * One rank's end of one communicator: envelopes from anybody, payloads behind them, matched here and not in MPI.
 *
 * An envelope of at most 16 KiB carries its payload. A longer one, of at most 4 MiB, is a message of its own on another
 * tag. Both are received in the order in which their source sent them. Every payload that is announced while the rank
 * has a task is received, also one that nobody wants any more. What comes later is left to `drain`.
 */
import { nowMs } from '../../clock.js';
import { ProtocolError } from '../../errors.js';
import { cancelRing, countMessage, envelopeTag, openRing, postReceive } from './envelope-ring.js';
import type { Envelope } from './envelope.js';
import { envelopeBytes, readEnvelope, writeEnvelope } from './envelope.js';
import type { Messages } from './messages.js';
import type { Block, SendCount } from './open-requests.js';
import { OpenRequests } from './open-requests.js';
import type { WireMemory } from './wire-memory.js';
import { ringSlots, slotBytes } from './wire-memory.js';

const payloadTag = 2;
const inlineBytes = slotBytes - envelopeBytes;
/** Longest payload of one message: testing a longer one would hold MPI's lock for too long. */
export const maxPayloadBytes: number = 4 * 1024 * 1024;

/** What has come: a payload of a call in a block of its own, `ready` once it is whole; of other kinds a copy. */
export interface Arrival {
  readonly envelope: Envelope;
  readonly block: Block | undefined;
  readonly copy: Uint8Array;
  ready: boolean;
}

/** What an envelope says beside its source and the length of its payload. */
type EnvelopeAddress = Omit<Envelope, 'source' | 'sizeBytes'>;

/** Where the arrivals of one lease go, in the order of each source. */
export interface Mailbox {
  deliver(arrival: Arrival): void;
}

/**
 * Owned by one thread; taken over by the next through the words of the wire memory. One at a time per process: it is
 * closed before the next one, on the same communicator or another, is opened.
 */
export class Endpoint {
  /** In the communicator. */
  readonly rank: number;
  readonly communicator: number;
  readonly memory: WireMemory;
  /** Envelopes of leases that have ended. */
  dropped = 0;
  /** When something last came or went. */
  lastProgress: number = nowMs();
  readonly #messages: Messages;
  readonly #requests: OpenRequests;
  readonly #sent: Int32Array;
  readonly #received: Int32Array;
  readonly #mailboxes = new Map<number, Mailbox>();
  /** Arrivals of leases that this rank has not heard of yet. */
  readonly #early = new Map<number, Arrival[]>();
  #lostReceives = 0;

  /**
   * @param communicator - −1 for a rank that is alone and sends nothing.
   * @throws {@link ProtocolError} when the thread before was ended in the middle of a message: the process has to end.
   */
  constructor(rank: number, communicator: number, memory: WireMemory, messages: Messages) {
    this.rank = rank;
    this.communicator = communicator;
    this.memory = memory;
    this.#messages = messages;
    if (memory.isInside) throw new ProtocolError('a thread was ended in the middle of a message');
    this.#sent = memory.sent;
    this.#received = memory.received;
    this.#requests = new OpenRequests(memory, messages);
    if (memory.ringCommunicator === communicator) return;
    cancelRing(memory, messages);
    memory.inside(() => {
      openRing(memory, messages, communicator);
    });
  }

  /** Messages that MPI gave up: of ranks that are gone. */
  get failed(): number {
    return this.#requests.failed;
  }

  /** Nothing is received any more. What was sent and has not left yet goes on as long as somebody polls. */
  end(): void {
    cancelRing(this.memory, this.#messages);
  }

  /** Take part in a lease; what came early is delivered now. */
  open(lease: number, mailbox: Mailbox): void {
    this.#mailboxes.set(lease, mailbox);
    this.memory.newestLease = Math.max(this.memory.newestLease, lease);
    for (const [early, arrivals] of this.#early) {
      if (early > this.memory.newestLease) continue;
      this.#early.delete(early);
      for (const arrival of arrivals) this.#deliver(arrival);
    }
  }

  /** What comes for it from now on is dropped. */
  close(lease: number): void {
    this.#mailboxes.delete(lease);
  }

  /** Memory for a message, with one user; undefined while there is none. */
  allocate(sizeBytes: number): Block | undefined {
    return this.#requests.allocate(sizeBytes);
  }

  release(block: Block): void {
    this.#requests.release(block);
  }

  view(block: Block, offset = 0, sizeBytes: number = block.sizeBytes - offset): Uint8Array {
    return this.memory.bytes.subarray(block.address + offset, block.address + offset + sizeBytes);
  }

  /**
   * Send part of a block; the block has one user more until it is sent.
   *
   * @returns False, and nothing is sent, while there is no room.
   */
  send(
    dest: number,
    { kind, lease, group, sequence, step, reason }: EnvelopeAddress,
    payload: Uint8Array,
    block: Block | undefined,
    count: SendCount,
  ): boolean {
    const inline = payload.length <= inlineBytes;
    const room = this.#requests.free >= 2;
    const letter = room ? this.allocate(envelopeBytes + (inline ? payload.length : 0)) : undefined;
    if (!letter) return false;
    const { u32, bytes } = this.memory;
    const fields = { source: this.rank, sizeBytes: payload.length };
    writeEnvelope(u32, letter.address, { kind, lease, group, sequence, step, reason, ...fields });
    if (inline) bytes.set(payload, letter.address + envelopeBytes);
    this.memory.inside(() => {
      this.#requests.start(() => this.#isend(this.view(letter), dest, envelopeTag), letter, count);
      if (inline) return;
      if (block) block.users++;
      this.#requests.start(() => this.#isend(payload, dest, payloadTag), block, count);
    });
    this.lastProgress = nowMs();
    return true;
  }

  /** Tell other ranks that this one leaves MPI. Returns how many of them are still to hear it. */
  leave(others: readonly number[]): SendCount {
    const count = { open: 0 };
    for (const rank of others) {
      const left = { kind: 'left', lease: 0, group: 0, sequence: 0, step: 0, reason: 0 } as const;
      while (!this.send(rank, left, new Uint8Array(0), undefined, count)) this.poll();
    }
    return count;
  }

  /** Nothing that was sent, or is being received, is still under way. */
  get quiet(): boolean {
    return this.#requests.isEmpty;
  }

  /** Take what has come and release what has gone; true if there was any. */
  poll(): boolean {
    let progress = false;
    while (this.#receiveEnvelope()) progress = true;
    if (this.#requests.poll()) progress = true;
    if (progress) this.lastProgress = nowMs();
    return progress;
  }

  #receiveEnvelope(): boolean {
    const { memory } = this;
    if (memory.ringCommunicator < 0) return false;
    const slot = memory.ringHead;
    const address = memory.slot(slot);
    const request = memory.ringRequest(slot);
    if (request !== 0) {
      if (!this.#requests.isComplete(request)) return false;
      memory.setRingRequest(slot, 0);
    }
    const envelope = readEnvelope(memory.u32, address);
    if (!envelope && ++this.#lostReceives > ringSlots) throw new ProtocolError('MPI gives up every receive');
    let block: Block | undefined;
    const inline = envelope !== undefined && envelope.sizeBytes <= inlineBytes;
    if (envelope && (envelope.kind === 'data' || envelope.kind === 'piece' || !inline)) {
      block = this.allocate(envelope.sizeBytes);
      // Without memory for it the envelope waits in its slot, and those behind it wait too.
      if (!block || this.#requests.free === 0) {
        if (block) this.release(block);
        return false;
      }
    }
    memory.inside(() => {
      if (envelope) this.#take(envelope, block, inline, address + envelopeBytes);
      postReceive(memory, this.#messages, slot);
      memory.ringHead = (slot + 1) % ringSlots;
    });
    return true;
  }

  #isend(bytes: Uint8Array, dest: number, tag: number): number {
    const request = this.#messages.isend(bytes, dest, tag);
    countMessage(this.#sent, dest);
    return request;
  }

  #take(envelope: Envelope, block: Block | undefined, inline: boolean, address: number): void {
    const { bytes } = this.memory;
    countMessage(this.#received, envelope.source);
    if (envelope.kind === 'left') {
      this.memory.setLeft(envelope.source);
      return;
    }
    const payload = inline ? bytes.subarray(address, address + envelope.sizeBytes) : undefined;
    if (block && payload) bytes.set(payload, block.address);
    const copy = !block && payload ? payload.slice() : new Uint8Array(0);
    const arrival: Arrival = { envelope, block, copy, ready: inline };
    if (block && !inline) {
      block.users++;
      this.#requests.start(
        () => {
          const request = this.#messages.irecv(this.view(block), envelope.source, payloadTag);
          countMessage(this.#received, envelope.source);
          return request;
        },
        block,
        { open: 0 },
        () => {
          arrival.ready = true;
        },
      );
    }
    this.#deliver(arrival);
  }

  #deliver(arrival: Arrival): void {
    const { lease } = arrival.envelope;
    const mailbox = this.#mailboxes.get(lease);
    if (mailbox) {
      mailbox.deliver(arrival);
    } else if (lease > this.memory.newestLease) {
      const early = this.#early.get(lease) ?? [];
      this.#early.set(lease, early);
      early.push(arrival);
    } else {
      this.dropped++;
      if (arrival.block) this.release(arrival.block);
    }
  }
}
