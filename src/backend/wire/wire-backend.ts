/** The groups of a rank whose members share no memory: their bytes go over one endpoint. */
import { assert } from '../../assert.js';
import { setTimeout } from '../../clock.js';
import { UnsupportedError } from '../../errors.js';
import type { Backend, TaskChannel } from '../backend.js';
import type { Lease } from '../lease.js';
import type { NodeWindow } from '../window/node-window.js';
import type { Endpoint } from './endpoint.js';
import { OrdinaryArrays } from './ordinary-arrays.js';
import { WireTaskChannel } from './wire-task.js';

/** Groups of one rank at a time: their messages share its wire memory. */
const maxGroups = 4;
const lookMs = 2;

/** All groups of a rank over the wire: one task's at a time, on its communicator. */
export class WireBackend implements Backend {
  readonly worldRank: number;
  readonly crowded: boolean;
  readonly arrays: OrdinaryArrays = new OrdinaryArrays();
  /** Holds the abort words, for this rank and its control side alone. */
  readonly #node: NodeWindow;
  readonly #open: (rank: number, communicator: number) => Endpoint;
  readonly #channels = new Set<WireTaskChannel>();
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

  get isQuiet(): boolean {
    return this.#endpoint?.quiet ?? true;
  }

  join(lease: Lease): TaskChannel {
    if (this.#channels.size >= maxGroups) {
      throw new UnsupportedError(`a rank can be in ${maxGroups} groups at a time over the wire; close one first`);
    }
    if (this.#channels.size === 0) this.#endpoint = this.#open(lease.rank, lease.communicator);
    const endpoint = this.#endpoint;
    assert(endpoint?.communicator === lease.communicator, 'groups that exist at a time share a communicator');
    const channel: WireTaskChannel = new WireTaskChannel(endpoint, this.#node, lease, {
      told: () => {
        this.#seeThrough();
      },
      closed: () => {
        this.#channels.delete(channel);
        if (this.#channels.size === 0) endpoint.end();
      },
    });
    this.#channels.add(channel);
    return channel;
  }

  /** What was told must leave also when no call waits for it: MPI makes progress only while somebody polls. */
  #seeThrough(): void {
    if (this.#timer || (this.#endpoint?.quiet ?? true)) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.poll();
      this.#seeThrough();
    }, lookMs).unref();
  }
}
