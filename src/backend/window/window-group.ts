/** A group that was made inside a task, where its members share a window. Its slot lies in its first member's arena. */
import { ProtocolError } from '../../errors.js';
import type { AbortReason } from '../abort-reason.js';
import { encodeAbort } from '../abort-reason.js';
import type { GroupPlace } from '../backend.js';
import type { GroupPart } from './group-parts.js';
import type { RankWindow } from './rank-window.js';
import { WindowCarrier } from './window-carrier.js';
import { WindowChannel } from './window-channel.js';

/** What a group asks of the channel of its task. */
interface GroupTask {
  abortReason(): AbortReason | undefined;
  /** Whether a control side has said that a worker's thread or process is gone for good. */
  isDead(worldRank: number): boolean;
}

/** One rank's side of such a group. */
export class WindowGroupChannel extends WindowChannel {
  readonly #part: GroupPart;
  readonly #place: GroupPlace;
  readonly #task: GroupTask;

  constructor(window: RankWindow, part: GroupPart, place: GroupPlace, task: GroupTask) {
    const { rank, members, addresses } = place;
    for (const member of members) {
      const address = addresses[member.rank] ?? 0;
      if (window.groups.isWithin(member.worldRank, address, members.length, member.rank === 0)) continue;
      throw new ProtocolError(`where rank ${member.rank} of a group has its memory stands in no arena`);
    }
    const block = part.makeBlock(addresses[0] ?? 0, rank);
    block.setLease(place.number >>> 0);
    super(window, block, place);
    this.#part = part;
    this.#place = place;
    this.#task = task;
  }

  /** The end of its task ends a group: any member that sees it says so in the group's slot. */
  override abortReason(): AbortReason | undefined {
    const own = super.abortReason();
    if (!this.#task.abortReason()) return own;
    this.#markDead();
    if (own) return own;
    this.abort(encodeAbort('ofTask'));
    return super.abortReason();
  }

  override makeCarrier(): WindowCarrier {
    const { rank, members } = this.#place;
    return new WindowCarrier(this.window, this.block.slot, rank, members, (sizeBytes) =>
      this.#part.allocate(sizeBytes),
    );
  }

  override close(): void {
    this.window.groups.close(this.#part, this.#place.rank, this.#place.addresses);
  }

  /** Nobody waits for a rank that is gone to leave memory alone. */
  #markDead(): void {
    for (const { rank, worldRank } of this.#place.members) if (this.#task.isDead(worldRank)) this.block.markDead(rank);
  }
}
