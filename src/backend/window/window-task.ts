/** The group of a task whose ranks share a window: all groups inside the task are made from it. */
import { ProtocolError } from '../../errors.js';
import type { GroupOffer, TaskChannel } from '../backend.js';
import type { Lease } from '../lease.js';
import type { CallBlock } from './call-block.js';
import type { RankWindow } from './rank-window.js';
import { WindowChannel } from './window-channel.js';
import { WindowGroupChannel } from './window-group.js';

/** One rank's side of one lease. */
export class WindowTaskChannel extends WindowChannel implements TaskChannel {
  /** Rank in the task, by worker. */
  readonly #ranks: ReadonlyMap<number, number>;
  #offers = 0;

  constructor(window: RankWindow, block: CallBlock, lease: Lease) {
    super(window, block, lease);
    this.#ranks = new Map(lease.members.map(({ rank, worldRank }) => [worldRank, rank]));
  }

  offerGroup(size: number, isFirst: boolean): GroupOffer {
    const { window } = this;
    const part = window.groups.make(size, isFirst);
    return {
      address: part?.address ?? 0,
      sizeBytes: window.groups.sizeBytes(size, isFirst),
      isMissing: part === undefined,
      largestFreeBytes: part ? 0 : window.arena.largestFreeBytes,
      serial: ++this.#offers,
      open: (place) => {
        if (!part) throw new ProtocolError('a group is opened only when no rank lacks memory for it');
        return new WindowGroupChannel(window, part, place, this);
      },
      withdraw: () => {
        if (part) window.groups.letGo(part);
      },
    };
  }

  /** Whether a control side has said that a worker's thread or process is gone for good. */
  isDead(worldRank: number): boolean {
    const rank = this.#ranks.get(worldRank);
    return rank !== undefined && this.block.isDead(rank);
  }
}
