/** A group whose members share no memory: what a `GroupLink` asks, answered from what has come over the wire. */
import assert from 'node:assert/strict';
import { nowMs, setTimeout } from '../clock.js';
import type { MemberInfo, ShoalError } from '../errors.js';
import { UnsupportedError } from '../errors.js';
import type { AbortReason } from '../window/abort-reason.js';
import { decodeAbort } from '../window/abort-reason.js';
import type { RecordView } from '../window/frame.js';
import type { NodeWindow } from '../window/node-window.js';
import type { EnvelopeKind } from '../wire/envelope.js';
import type { Arrival, Endpoint, Mailbox } from '../wire/endpoint.js';
import type { Lease } from './group.js';
import type { GroupLink, RankLinks } from './link.js';
import type { Request } from './request.js';
import { OrdinaryArrays } from './task-arrays.js';
import { decodeEntry } from './wire-entry.js';
import { WireMovement } from './wire-movement.js';

/** Groups of one rank at a time: their messages share its wire memory. */
const maxGroups = 4;
/** Records that are kept of each rank, for errors. */
const keptRecords = 4;
/** Longest wait for room for a message to all. */
const roomLimitMs = 1_000;
/** Longest wait for a message to all to leave; what is left of it is seen through from the event loop. */
const tellLimitMs = 20;
const lookMs = 2;
/** Longest wait for a member to say why the lease has failed. */
const explanationLimitMs = 200;

/** All groups of a rank over the wire: one task's at a time, on its communicator. */
export class WireLinks implements RankLinks {
  readonly worldRank: number;
  readonly crowded: boolean;
  readonly arrays: OrdinaryArrays = new OrdinaryArrays();
  /** Holds the abort words, for this rank and its control side alone. */
  readonly #node: NodeWindow;
  readonly #open: (rank: number, communicator: number) => Endpoint;
  readonly #links = new Set<WireLink>();
  #endpoint: Endpoint | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param open - Called when a group is joined and none is: until then another thread may have the wire. */
  constructor(worldRank: number, node: NodeWindow, open: (rank: number, communicator: number) => Endpoint) {
    this.worldRank = worldRank;
    this.crowded = node.crowded;
    this.#node = node;
    this.#open = open;
  }

  get lastProgress(): number {
    return this.#endpoint?.lastProgress ?? 0;
  }

  poll(): boolean {
    return this.#endpoint?.poll() ?? false;
  }

  join(lease: Lease): GroupLink {
    if (this.#links.size >= maxGroups) {
      throw new UnsupportedError(`a rank can be in ${maxGroups} groups at a time over the wire; close one first`);
    }
    if (this.#links.size === 0) this.#endpoint = this.#open(lease.rank, lease.communicator);
    const endpoint = this.#endpoint;
    assert(endpoint?.communicator === lease.communicator, 'groups that exist at a time share a communicator');
    const link: WireLink = new WireLink(endpoint, this.#node, lease, {
      told: () => {
        this.#seeThrough();
      },
      closed: () => {
        this.#links.delete(link);
        if (this.#links.size === 0) endpoint.end();
      },
    });
    this.#links.add(link);
    return link;
  }

  /** What was told must leave also when no call looks after it: MPI moves only while somebody looks. */
  #seeThrough(): void {
    if (this.#timer || (this.#endpoint?.quiet ?? true)) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.poll();
      this.#seeThrough();
    }, lookMs).unref();
  }
}

/** What a rank knows of one member. */
class Peer {
  readonly records: RecordView[] = [];
  readonly arrivals: Arrival[] = [];
  finished = 0;
  fault: Uint8Array | undefined;
}

interface LinkEvents {
  /** All members were told something. */
  told(): void;
  closed(): void;
}

/** One rank's side of one lease. */
export class WireLink implements GroupLink, Mailbox {
  readonly endpoint: Endpoint;
  readonly rank: number;
  readonly members: readonly MemberInfo[];
  readonly traffic: { sent: number; received: number } = { sent: 0, received: 0 };
  readonly #lease: number;
  readonly #slot: number;
  readonly #node: NodeWindow;
  readonly #peers: readonly Peer[];
  readonly #events: LinkEvents;
  #completed = 0;
  /** The first that a member, or this rank, has aborted the lease for. */
  #cause: AbortReason | undefined;
  #unexplainedSince: number | undefined;

  constructor(endpoint: Endpoint, node: NodeWindow, { lease, slot, rank, members }: Lease, events: LinkEvents) {
    this.endpoint = endpoint;
    this.rank = rank;
    this.members = members;
    this.#lease = lease;
    this.#slot = slot;
    this.#node = node;
    this.#events = events;
    this.#peers = members.map(() => new Peer());
    endpoint.open(lease, this);
  }

  /** Looks at what has come first: an abort may be among it. */
  abortReason(): AbortReason | undefined {
    this.endpoint.poll();
    const word = this.#abortWord();
    if (!word || this.#cause) return word && this.#cause;
    if (word.kind !== 'peerFailed') return word;
    // The control side has heard of a failure, perhaps of one that another has caused, before this rank was told of it.
    this.#unexplainedSince ??= nowMs();
    return nowMs() - this.#unexplainedSince > explanationLimitMs ? word : undefined;
  }

  abort(reason: number): void {
    if (this.#abortWord()) return;
    this.#abort(reason);
    this.tellAll('abort', 0, this.#peers[this.rank]?.fault, reason);
  }

  leaveFault(encoded: Uint8Array): void {
    const own = this.#peers[this.rank];
    if (own) own.fault = encoded;
  }

  readFault(rank: number): Uint8Array | undefined {
    return this.#peers[rank]?.fault;
  }

  setAsleep(): void {
    // Nobody rings over the wire: a rank that waits looks.
  }

  record(rank: number, sequence: number): RecordView | undefined {
    return this.#peers[rank]?.records.find((record) => record.sequence === sequence);
  }

  finished(rank: number): number {
    return this.#peers[rank]?.finished ?? 0;
  }

  departed(rank: number): number {
    if (rank === this.rank) return this.#completed;
    return Math.min(this.#completed, this.#peers[rank]?.records.at(-1)?.sequence ?? 0);
  }

  isBusy(): boolean {
    return false;
  }

  damage(): undefined {
    // Arrays of tasks are memory of their own: nothing else can be reached through them.
    return undefined;
  }

  interrupted(): void {
    // Over the wire no rank touches another's memory.
  }

  begin(request: Request, refusal: ShoalError | undefined, nextSequence: () => number): WireMovement {
    return new WireMovement(this, request, refusal, nextSequence());
  }

  finish(sequence: number): void {
    this.tellAll('finished', sequence);
  }

  close(): void {
    this.endpoint.close(this.#lease);
    for (const { arrivals } of this.#peers) {
      for (const { block } of arrivals.splice(0)) if (block) this.endpoint.release(block);
    }
    this.#events.closed();
  }

  deliver(arrival: Arrival): void {
    const { envelope, copy, block } = arrival;
    const rank = envelope.source;
    const peer = this.#peers[rank];
    if (peer && envelope.kind === 'data') {
      peer.arrivals.push(arrival);
      return;
    }
    if (block) this.endpoint.release(block);
    if (!peer) return;
    if (envelope.kind === 'finished') peer.finished = envelope.sequence;
    if (envelope.kind === 'record') this.note(rank, decodeEntry(copy).record);
    if (envelope.kind === 'abort') {
      if (copy.length > 0) peer.fault = copy;
      this.#abort(envelope.reason);
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

  send(...[dest, kind, sequence, step, ...rest]: SendArguments): boolean {
    const sent = this.endpoint.send(dest, [kind, this.#lease, sequence, step], ...rest);
    if (sent && kind === 'data') this.traffic.sent++;
    return sent;
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
    this.#events.told();
  }

  /** Keep what a member calls. */
  note(rank: number, record: RecordView): void {
    const records = this.#peers[rank]?.records;
    if (!records || records.some(({ sequence }) => sequence === record.sequence)) return;
    records.push(record);
    records.sort((a, b) => a.sequence - b.sequence).splice(0, records.length - keptRecords);
  }

  #abort(reason: number): void {
    this.#cause ??= decodeAbort(reason);
    this.#node.abort(this.#slot, this.#lease, reason);
  }

  #abortWord(): AbortReason | undefined {
    return this.#node.abortReason(this.#node.layout.slot(this.#slot));
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

type SendArguments = [
  dest: number,
  kind: EnvelopeKind,
  sequence: number,
  step: number,
  payload: Uint8Array,
  block: Arrival['block'],
  count: { open: number },
  reason?: number,
];
