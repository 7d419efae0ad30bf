/**
 * One rank's end of one communicator: envelopes from anybody, payloads behind them, matched here and not in MPI.
 *
 * An envelope of at most 16 KiB carries its payload; a longer one, of at most 4 MiB, is a message of its own on another
 * tag. Both are received in the order in which their source sent them. Every payload that is announced while the rank
 * has a task is received, also one that nobody wants any more; what comes later is left to `drain`.
 */
import { nowMs } from '../../clock.js';
import { ProtocolError } from '../../errors.js';
import { Allocator } from '../window/allocator.js';
import { cancelRing, countMessage, envelopeTag, openRing, postReceive } from './envelope-ring.js';
import type { Envelope, EnvelopeKind } from './envelope.js';
import { envelopeBytes, readEnvelope, writeEnvelope } from './envelope.js';
import type { Messages } from './messages.js';
import type { WireMemory } from './wire-memory.js';
import { regionBytes, regionRequests, regions, ringSlots, slotBytes } from './wire-memory.js';

const payloadTag = 2;
const inlineBytes = slotBytes - envelopeBytes;
/** Longest payload of one message: testing a longer one would hold MPI's lock for too long. */
export const maxPayloadBytes: number = 4 * 1024 * 1024;

/** A piece of wire memory; goes back when its last user lets go. */
export interface Block {
  readonly address: number;
  readonly sizeBytes: number;
  users: number;
}

/** What has come: a payload of a call in a block of its own, `ready` once it is whole; of other kinds a copy. */
export interface Arrival {
  readonly envelope: Envelope;
  readonly block: Block | undefined;
  readonly copy: Uint8Array;
  ready: boolean;
}

/** Where the arrivals of one lease go, in the order of each source. */
export interface Mailbox {
  deliver(arrival: Arrival): void;
}

/** Sends of one call that are still under way. */
export interface SendCount {
  open: number;
}

interface OpenRequest {
  readonly request: number;
  readonly region: number;
  readonly index: number;
  readonly done: () => void;
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
  /** Messages that MPI gave up: of ranks that are gone. */
  failed = 0;
  /** When something last came or went. */
  lastProgress: number = nowMs();
  readonly #messages: Messages;
  readonly #allocator: Allocator;
  readonly #region: number;
  readonly #sent: Int32Array;
  readonly #received: Int32Array;
  readonly #mailboxes = new Map<number, Mailbox>();
  /** Arrivals of leases that this rank has not heard of yet. */
  readonly #early = new Map<number, Arrival[]>();
  readonly #freeIndexes = Array.from({ length: regionRequests }, (_, index) => index);
  #open: OpenRequest[] = [];
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
    this.#region = this.#takeRegion();
    this.#allocator = new Allocator(memory.region(this.#region), regionBytes);
    if (memory.ringCommunicator === communicator) return;
    cancelRing(memory, messages);
    memory.inside(() => {
      openRing(memory, messages, communicator);
    });
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
    const address = this.#allocator.allocate(sizeBytes);
    return address === undefined ? undefined : { address, sizeBytes, users: 1 };
  }

  release(block: Block): void {
    if (--block.users === 0) this.#allocator.free(block.address);
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
    [kind, lease, sequence, step]: readonly [EnvelopeKind, number, number, number],
    payload: Uint8Array,
    block: Block | undefined,
    count: SendCount,
    reason = 0,
  ): boolean {
    const inline = payload.length <= inlineBytes;
    const room = this.#freeIndexes.length >= 2;
    const letter = room ? this.allocate(envelopeBytes + (inline ? payload.length : 0)) : undefined;
    if (!letter) return false;
    const { u32, bytes } = this.memory;
    const fields = { source: this.rank, sizeBytes: payload.length, reason };
    writeEnvelope(u32, letter.address, { kind, lease, sequence, step, ...fields });
    if (inline) bytes.set(payload, letter.address + envelopeBytes);
    this.memory.inside(() => {
      this.#start(() => this.#isend(this.view(letter), dest, envelopeTag), letter, count);
      if (inline) return;
      if (block) block.users++;
      this.#start(() => this.#isend(payload, dest, payloadTag), block, count);
    });
    this.lastProgress = nowMs();
    return true;
  }

  /** Tell other ranks that this one leaves MPI. Returns how many of them are still to hear it. */
  leave(others: readonly number[]): SendCount {
    const count = { open: 0 };
    for (const rank of others) {
      while (!this.send(rank, ['left', 0, 0, 0], new Uint8Array(0), undefined, count)) this.poll();
    }
    return count;
  }

  /** Nothing that was sent, or is being received, is still under way. */
  get quiet(): boolean {
    return this.#open.length === 0;
  }

  /** Take what has come and let go of what has gone; true if there was any. */
  poll(): boolean {
    let progress = false;
    while (this.#receiveEnvelope()) progress = true;
    const open = this.#open;
    if (open.length > 0) {
      this.#open = [];
      for (const each of open) {
        if (!this.#isComplete(each.request)) {
          this.#open.push(each);
          continue;
        }
        this.memory.setRequest(each.region, each.index, 0);
        if (each.region === this.#region) this.#freeIndexes.push(each.index);
        each.done();
        progress = true;
      }
    }
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
      if (!this.#isComplete(request)) return false;
      memory.setRingRequest(slot, 0);
    }
    const envelope = readEnvelope(memory.u32, address);
    if (!envelope && ++this.#lostReceives > ringSlots) throw new ProtocolError('MPI gives up every receive');
    let block: Block | undefined;
    const inline = envelope !== undefined && envelope.sizeBytes <= inlineBytes;
    if (envelope && (envelope.kind === 'data' || !inline)) {
      block = this.allocate(envelope.sizeBytes);
      // Without memory for it the envelope waits in its slot, and those behind it wait too.
      if (!block || this.#freeIndexes.length === 0) {
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
      this.#start(
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

  /** Start a request and remember it; a message to a rank that is gone counts as done. */
  #start(start: () => number, block: Block | undefined, count: SendCount, then?: () => void): void {
    const done = (): void => {
      count.open--;
      if (block) this.release(block);
      then?.();
    };
    count.open++;
    let request: number;
    try {
      request = start();
    } catch {
      this.failed++;
      done();
      return;
    }
    const index = this.#freeIndexes.pop() ?? 0; // the callers have looked
    this.memory.setRequest(this.#region, index, request);
    this.#open.push({ request, region: this.#region, index, done });
  }

  #isComplete(request: number): boolean {
    try {
      return this.#messages.test(request) === 1;
    } catch {
      // Failed, or completed by the thread before in its last moment: the slot says which.
      this.failed++;
      return true;
    }
  }

  /** A region that no open request of an earlier thread reads or writes; those that there are, are seen through. */
  #takeRegion(): number {
    const { memory } = this;
    let free: number | undefined;
    for (let i = 0; i < regions; i++) {
      const region = (memory.currentRegion + i) % regions;
      let open = false;
      for (let index = 0; index < regionRequests; index++) {
        const request = memory.request(region, index);
        if (request === 0) continue;
        if (this.#isComplete(request)) {
          memory.setRequest(region, index, 0);
          continue;
        }
        open = true;
        this.#open.push({ request, region, index, done: () => undefined });
      }
      if (!open) free ??= region;
    }
    if (free !== undefined) {
      memory.currentRegion = free;
      return free;
    }
    throw new ProtocolError('all wire memory is in use by messages of threads that were ended');
  }
}
