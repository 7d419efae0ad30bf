/**
 * The messages of one rank in a group whose members share a window. Each pair that speaks has a lane, made by its
 * sender at the first message. docs/window-protocol.md, section "Messages", has the rules.
 */
import { ProtocolError, WindowExhaustedError } from '../../errors.js';
import type { MemberInfo } from '../../errors.js';
import type { ArrayMemory } from '../../operands/array-memory.js';
import type { TypedArray } from '../../types/buffers.js';
import type { Carrier, Incoming, MessageSize, Outgoing, Recipient, Waiting } from '../carrier.js';
import { decodeWaiting, encodeWaiting } from '../waiting-words.js';
import { LaneReceiver } from './lane-receiver.js';
import { LaneSender } from './lane-sender.js';
import { LaneShape } from './lane.js';
import { layoutNumbers as at } from './layout.js';
import type { RankWindow } from './rank-window.js';

const wordBytes = 4;

/** Owned by the channel. */
export class WindowCarrier implements Carrier {
  readonly eagerBytes: number;
  readonly mostLong: number;
  readonly #window: RankWindow;
  readonly #slot: number;
  readonly #rank: number;
  readonly #members: readonly MemberInfo[];
  readonly #shape: LaneShape;
  readonly #openersWord: number;
  readonly #reserve: (sizeBytes: number) => number | undefined;
  /** By destination. */
  readonly #senders: (LaneSender | undefined)[] = [];
  readonly #busySenders = new Set<LaneSender>();
  readonly #receivers: LaneReceiver[] = [];
  /** The same, by source. */
  readonly #receiverOf: (LaneReceiver | undefined)[] = [];
  /** Lanes to this rank that were looked for. */
  #openers = 0;
  #outbox: number | undefined;
  #isWaiting = false;

  /**
   * @param slot - Its address.
   * @param reserve - Zeroed memory that all members may read as long as they have the group.
   */
  constructor(
    window: RankWindow,
    slot: number,
    rank: number,
    members: readonly MemberInfo[],
    reserve: (sizeBytes: number) => number | undefined,
  ) {
    this.#reserve = reserve;
    this.#window = window;
    this.#slot = slot;
    this.#rank = rank;
    this.#members = members;
    this.#shape = new LaneShape(window.node.layout.arenaBytes, members.length);
    this.eagerBytes = this.#shape.eagerBytes;
    this.mostLong = this.#shape.longSlots;
    this.#openersWord = this.#word(rank, at.memberOpeners);
  }

  send(dest: number, tag: number, dtype: number, array: TypedArray): Outgoing {
    const sender = this.#senders[dest] ?? this.#open(dest);
    const message = sender.send(tag, dtype, array);
    if (!message.isComplete) {
      this.#busySenders.add(sender);
      sender.step();
    }
    return message;
  }

  sendShort(dest: number, tag: number, dtype: number, memory: ArrayMemory): boolean {
    return this.#senders[dest]?.sendShort(tag, dtype, memory) === true;
  }

  takeShort(source: number, tag: number, dtype: number, memory: ArrayMemory, looks: number): number {
    return this.#receiverOf[source]?.takeShort(tag, dtype, memory, looks) ?? -1;
  }

  takeNextLong(source: number, tag: number, dtype: number, roomBytes: number): Incoming | undefined {
    return this.#receiverOf[source]?.takeNextLong(tag, dtype, roomBytes);
  }

  pushTo(dest: number): void {
    const sender = this.#senders[dest];
    if (!sender) return;
    sender.step();
    if (sender.isIdle) this.#busySenders.delete(sender);
  }

  step(recipient: Recipient): void {
    const openers = Atomics.load(this.#window.node.u32, this.#openersWord);
    if (openers !== this.#openers) this.#findLanes(openers);
    for (const receiver of this.#receivers) receiver.step(recipient);
    if (this.#busySenders.size === 0) return;
    for (const sender of this.#busySenders) {
      sender.step();
      if (sender.isIdle) this.#busySenders.delete(sender);
    }
  }

  received(): void {
    // There is room in the lane as soon as the receiver has read on.
  }

  setWaiting(waiting: Waiting | undefined): void {
    if (!waiting && !this.#isWaiting) return;
    this.#isWaiting = waiting !== undefined;
    const { u32 } = this.#window.node;
    const { what, tag } = encodeWaiting(waiting);
    Atomics.store(u32, this.#word(this.#rank, at.memberWaitsTag), tag);
    Atomics.store(u32, this.#word(this.#rank, at.memberWaitsFor), what);
  }

  waitingOf(rank: number): Waiting | undefined {
    const { u32 } = this.#window.node;
    const what = Atomics.load(u32, this.#word(rank, at.memberWaitsFor));
    const tag = Atomics.load(u32, this.#word(rank, at.memberWaitsTag));
    return decodeWaiting(what, tag, this.#members.length);
  }

  waitingTo(dest: number): readonly MessageSize[] {
    return this.#senders[dest]?.waiting ?? [];
  }

  isFullOf(source: number): boolean {
    return this.#receiverOf[source]?.isFull === true;
  }

  untaken(dest: number): number {
    return this.#senders[dest]?.untakenBytes ?? 0;
  }

  /** Make the lane to a rank. */
  #open(dest: number): LaneSender {
    const { u32 } = this.#window.node;
    this.#outbox ??= this.#allocate('the list of lanes', this.#members.length * wordBytes);
    const address = this.#allocate(`messages to rank ${dest}`, this.#shape.sizeBytes);
    const sender = new LaneSender(this.#window, address, this.#shape, this.#waker(dest));
    this.#senders[dest] = sender;
    Atomics.store(u32, this.#outbox / wordBytes + dest, address);
    Atomics.store(u32, this.#word(this.#rank, at.memberOutbox), this.#outbox);
    Atomics.add(u32, this.#word(dest, at.memberOpeners), 1);
    return sender;
  }

  #allocate(what: string, requestedBytes: number): number {
    const address = this.#reserve(requestedBytes);
    if (address !== undefined) return address;
    const { largestFreeBytes } = this.#window.arena;
    throw new WindowExhaustedError(
      `send: ${requestedBytes} bytes for ${what} do not fit this rank's part of the window, whose largest free range ` +
        `has ${largestFreeBytes}. Free arrays, or launch with a larger window`,
      { requestedBytes, largestFreeBytes },
    );
  }

  /** Others have opened lanes to this rank. */
  #findLanes(openers: number): void {
    const { u32 } = this.#window.node;
    this.#openers = openers;
    for (const { rank } of this.#members) {
      if (rank === this.#rank || this.#receiverOf[rank]) continue;
      const outbox = Atomics.load(u32, this.#word(rank, at.memberOutbox));
      if (outbox === 0) continue;
      this.#assertWithin(rank, outbox, this.#members.length * wordBytes);
      const address = Atomics.load(u32, outbox / wordBytes + this.#rank);
      if (address === 0) continue;
      this.#assertWithin(rank, address, this.#shape.sizeBytes);
      const receiver = new LaneReceiver(this.#window, rank, address, this.#shape, this.#waker(rank));
      this.#receiverOf[rank] = receiver;
      this.#receivers.push(receiver);
    }
  }

  /** What a rank says of its memory must lie in its arena. */
  #assertWithin(rank: number, address: number, sizeBytes: number): void {
    const { layout } = this.#window.node;
    const arena = layout.arena(this.#members[rank]?.worldRank ?? 0);
    const isWithin = address >= arena && address + sizeBytes <= arena + layout.arenaBytes;
    if (isWithin && address % 64 === 0) return;
    throw new ProtocolError(`where rank ${rank} has its messages stands in memory that was overwritten`);
  }

  #waker(rank: number): () => void {
    const { u32 } = this.#window.node;
    const asleep = this.#word(rank, at.memberAsleep);
    const worldRank = this.#members[rank]?.worldRank ?? 0;
    return () => {
      if (Atomics.load(u32, asleep) !== 0) this.#window.notify(worldRank);
    };
  }

  #word(rank: number, offset: number): number {
    return (this.#slot + at.slotMembers + rank * at.memberBytes + offset) / wordBytes;
  }
}
