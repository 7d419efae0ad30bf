/** A group whose members share no memory: what a `Channel` asks, answered from what has come over the wire. */
import { nowMs } from '../../clock.js';
import type { MemberInfo, ShoalError } from '../../errors.js';
import type { AbortReason } from '../abort-reason.js';
import type { Descriptor } from '../../operations/descriptor.js';
import type { EnvelopeKind } from './envelope.js';
import type { Arrival, Endpoint } from './endpoint.js';
import type { Channel } from '../backend.js';
import type { CallArguments } from '../call-arguments.js';
import { decodeDescriptor } from './wire-descriptor.js';
import type { SendArguments, WireMembers } from './wire-exchange.js';
import type { WireRoute } from './wire-carrier.js';
import { messageKinds, WireCarrier } from './wire-carrier.js';
import { WireTransfer } from './wire-transfer.js';

/** Records that are kept of each rank, for errors. */
const keptDescriptors = 4;
/** Longest wait for room for a message to all. */
const roomLimitMs = 1_000;
/** Longest wait for a message to all to leave; what is left of it is seen through from the event loop. */
const tellLimitMs = 20;

/** What a rank knows of one member. */
class Peer {
  readonly descriptors: Descriptor[] = [];
  readonly arrivals: Arrival[] = [];
  finished = 0;
  fault: Uint8Array | undefined;
}

/** Whose messages are a group's. */
export interface GroupAddress {
  readonly lease: number;
  /** 0: the task's own. */
  readonly group: number;
  /** The ranks of its members in the communicator. */
  readonly ranks: readonly number[];
}

/** One rank's side of one group: that of a task, or one that was made inside a task. */
export abstract class WireChannel implements Channel, WireMembers, WireRoute {
  sequence = 0;
  readonly endpoint: Endpoint;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  abstract readonly traffic: { sent: number; received: number };
  readonly #address: GroupAddress;
  readonly #peers: readonly Peer[];
  #completed = 0;
  #carrier: WireCarrier | undefined;

  constructor(
    endpoint: Endpoint,
    { rank, members }: { rank: number; members: readonly MemberInfo[] },
    address: GroupAddress,
  ) {
    this.endpoint = endpoint;
    this.rank = rank;
    this.members = members;
    this.#address = address;
    this.#peers = members.map(() => new Peer());
  }

  /** Polls what has come first: an abort may be among it. */
  abstract abortReason(): AbortReason | undefined;
  /** Whether the group has ended early, for whatever reason. */
  protected abstract get isAborted(): boolean;
  /** Note why; a reason that stands already wins. */
  protected abstract noteAbort(reason: number): void;
  /** Something was told to all that has to leave also when no call waits for it. */
  protected abstract told(): void;

  abort(reason: number): void {
    if (this.isAborted) return;
    this.noteAbort(reason);
    this.tellAll('abort', 0, this.#peers[this.rank]?.fault, reason);
  }

  leaveFault(encoded: Uint8Array): void {
    const own = this.#peers[this.rank];
    if (own) own.fault = encoded.length > 0 ? encoded : undefined;
  }

  readFault(rank: number): Uint8Array | undefined {
    return this.#peers[rank]?.fault;
  }

  setAsleep(): void {
    // Nobody notifies over the wire: a rank that waits polls.
  }

  descriptor(rank: number, sequence: number): Descriptor | undefined {
    return this.#peers[rank]?.descriptors.find((descriptor) => descriptor.sequence === sequence);
  }

  finished(rank: number): number {
    return this.#peers[rank]?.finished ?? 0;
  }

  departed(rank: number): number {
    if (rank === this.rank) return this.#completed;
    return Math.min(this.#completed, this.#peers[rank]?.descriptors.at(-1)?.sequence ?? 0);
  }

  isBusy(): boolean {
    return false;
  }

  damage(): undefined {
    // Arrays of tasks are memory of their own: nothing else can be reached through them.
    return undefined;
  }

  get hasMessages(): boolean {
    this.endpoint.poll();
    return this.#carrier !== undefined;
  }

  makeCarrier(): WireCarrier {
    return (this.#carrier ??= new WireCarrier(this));
  }

  interrupted(): void {
    // Over the wire no rank touches another's memory.
  }

  prepare(args: CallArguments, refusal: ShoalError | undefined): WireTransfer {
    return new WireTransfer(this, args, refusal);
  }

  nextSequence(): number {
    return ++this.sequence;
  }

  finish(): void {
    this.#carrier?.finish();
    this.tellAll('finished', this.sequence + 1);
  }

  close(): void {
    this.#carrier?.close();
    for (const { arrivals } of this.#peers) {
      for (const { block } of arrivals.splice(0)) if (block) this.endpoint.release(block);
    }
  }

  /** Something has come for this group. */
  accept(arrival: Arrival): void {
    const { envelope, copy, block } = arrival;
    const rank = this.#address.ranks.indexOf(envelope.source);
    const peer = this.#peers[rank];
    if (peer && messageKinds.has(envelope.kind)) {
      this.makeCarrier().accept(arrival, rank);
      return;
    }
    if (peer && envelope.kind === 'data') {
      peer.arrivals.push(arrival);
      return;
    }
    if (block) this.endpoint.release(block);
    if (!peer) return;
    if (envelope.kind === 'finished') peer.finished = envelope.sequence;
    if (envelope.kind === 'descriptor') this.note(rank, decodeDescriptor(copy).descriptor);
    if (envelope.kind === 'abort') {
      if (copy.length > 0) peer.fault = copy;
      this.noteAbort(envelope.reason);
    }
  }

  /** The whole message of a member; undefined while it has not come. */
  take(source: number, sequence: number, step: number): Arrival['block'] {
    const arrivals = this.#peers[source]?.arrivals ?? [];
    const index = arrivals.findIndex(({ envelope }) => envelope.sequence === sequence && envelope.step === step);
    if (!arrivals[index]?.ready) return undefined;
    this.traffic.received++;
    return arrivals.splice(index, 1)[0]?.block;
  }

  send(...[dest, kind, sequence, step, payload, block, count, reason = 0]: SendArguments): boolean {
    const { lease, group, ranks } = this.#address;
    const address = { kind, lease, group, sequence, step, reason };
    const sent = this.endpoint.send(ranks[dest] ?? -1, address, payload, block, count);
    if (sent && (kind === 'data' || kind === 'message' || kind === 'piece')) this.traffic.sent++;
    return sent;
  }

  countReceived(): void {
    this.traffic.received++;
  }

  /** Tell every other member. What finds no room for long is left out: those members end at their own deadlines. */
  tellAll(kind: EnvelopeKind, sequence: number, payload: Uint8Array = new Uint8Array(0), reason = 0): void {
    const count = { open: 0 };
    const begun = nowMs();
    for (const { rank } of this.members) {
      if (rank === this.rank) continue;
      const tell = (): boolean => this.send(rank, kind, sequence, 0, payload, undefined, count, reason);
      while (!tell() && nowMs() < begun + roomLimitMs) this.endpoint.poll();
    }
    while (count.open > 0 && nowMs() < begun + tellLimitMs) this.endpoint.poll();
    this.told();
  }

  /** Keep what a member calls. */
  note(rank: number, descriptor: Descriptor): void {
    const descriptors = this.#peers[rank]?.descriptors;
    if (!descriptors || descriptors.some(({ sequence }) => sequence === descriptor.sequence)) return;
    descriptors.push(descriptor);
    descriptors.sort((a, b) => a.sequence - b.sequence).splice(0, descriptors.length - keptDescriptors);
  }

  /** Whether a member's function has returned before it came to this call. */
  hasEnded(sequence: number): boolean {
    return this.#peers.some(({ finished }) => finished !== 0 && finished <= sequence);
  }

  /** This rank has completed a call. */
  complete(sequence: number): void {
    this.#completed = sequence;
  }
}
