/** The groups of a rank whose members share the window of their host. */
import { UnsupportedError } from '../../errors.js';
import type { Backend, TaskChannel } from '../backend.js';
import { damageError } from '../damage.js';
import type { Lease } from '../lease.js';
import { groupStagingBytes, maxGroups } from './layout.js';
import type { RankWindow } from './rank-window.js';
import { WindowArrays } from './window-arrays.js';
import { WindowTaskChannel } from './window-task.js';

/** All groups of a rank over the window of its host. */
export class WindowBackend implements Backend {
  readonly worldRank: number;
  readonly isQuiet = true;
  readonly crowded: boolean;
  readonly arrays: WindowArrays;
  readonly #window: RankWindow;

  constructor(window: RankWindow) {
    this.#window = window;
    this.worldRank = window.rank;
    this.crowded = window.node.crowded;
    this.arrays = new WindowArrays(window);
  }

  join(lease: Lease): TaskChannel {
    this.#window.beginTask();
    const block = this.#window.takeBlock(lease.slot, lease.rank, lease.members.length);
    if (!block) {
      throw new UnsupportedError(
        `a rank can be in ${maxGroups} groups at a time, each with ${groupStagingBytes} bytes of its window; close one first`,
      );
    }
    block.setLease(lease.lease);
    this.#window.clearFault();
    if (!block.isFresh()) {
      this.#window.giveBlock(block);
      throw damageError(lease, 'the slot of the task, before it began');
    }
    return new WindowTaskChannel(this.#window, block, lease);
  }
}
