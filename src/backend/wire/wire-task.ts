/** The group of a task whose ranks share no memory: all groups inside the task are made from it. */
import { nowMs } from '../../clock.js';
import type { AbortReason } from '../abort-reason.js';
import { decodeAbort } from '../abort-reason.js';
import type { GroupOffer, TaskChannel } from '../backend.js';
import type { Lease } from '../lease.js';
import type { NodeWindow } from '../window/node-window.js';
import type { Arrival, Endpoint, Mailbox } from './endpoint.js';
import { WireChannel } from './wire-channel.js';
import { WireGroupChannel } from './wire-group.js';
import { WireGroups } from './wire-groups.js';

/** Longest wait for a member to say why the lease has failed. */
const explanationLimitMs = 200;

/** What the channel of a task tells its backend. */
export interface ChannelEvents {
  /** All members were told something. */
  told(): void;
  closed(): void;
}

/** One rank's side of one lease. */
export class WireTaskChannel extends WireChannel implements TaskChannel, Mailbox {
  readonly traffic: { sent: number; received: number } = { sent: 0, received: 0 };
  readonly #lease: number;
  readonly #slot: number;
  readonly #node: NodeWindow;
  readonly #events: ChannelEvents;
  /** Rank in the task, by worker. */
  readonly #ranks: ReadonlyMap<number, number>;
  readonly #groups: WireGroups;
  /** The first that a member, or this rank, has aborted the lease for. */
  #cause: AbortReason | undefined;
  #unexplainedSince: number | undefined;
  #offers = 0;

  constructor(endpoint: Endpoint, node: NodeWindow, lease: Lease, events: ChannelEvents) {
    super(endpoint, lease, { lease: lease.lease, group: 0, ranks: lease.members.map(({ rank }) => rank) });
    this.#lease = lease.lease;
    this.#slot = lease.slot;
    this.#node = node;
    this.#events = events;
    this.#ranks = new Map(lease.members.map(({ rank, worldRank }) => [worldRank, rank]));
    this.#groups = new WireGroups(endpoint);
    endpoint.open(lease.lease, this);
  }

  abortReason(): AbortReason | undefined {
    this.endpoint.poll();
    const word = this.#abortWord();
    if (!word || this.#cause) return word && this.#cause;
    if (word.kind !== 'peerFailed') return word;
    // The control side has heard of a failure, perhaps of one that another has caused, before this rank was told of it.
    this.#unexplainedSince ??= nowMs();
    return nowMs() - this.#unexplainedSince > explanationLimitMs ? word : undefined;
  }

  deliver(arrival: Arrival): void {
    if (arrival.envelope.group === 0) this.accept(arrival);
    else this.#groups.deliver(arrival);
  }

  offerGroup(): GroupOffer {
    this.#groups.begin();
    return {
      address: 0,
      sizeBytes: 0,
      isMissing: false,
      largestFreeBytes: 0,
      serial: ++this.#offers,
      open: (place) => {
        const ranks = place.members.map(({ worldRank }) => this.#ranks.get(worldRank) ?? -1);
        const channel: WireGroupChannel = new WireGroupChannel(
          this.endpoint,
          place,
          { lease: this.#lease, group: place.number, ranks },
          {
            task: this,
            told: () => {
              this.told();
            },
            closed: () => {
              this.#groups.close(place.number);
            },
          },
        );
        this.#groups.open(place.number, channel);
        return channel;
      },
      withdraw: () => {
        this.#groups.withdraw();
      },
    };
  }

  override close(): void {
    this.endpoint.close(this.#lease);
    super.close();
    this.#groups.release();
    this.#events.closed();
  }

  protected get isAborted(): boolean {
    return this.#abortWord() !== undefined;
  }

  protected noteAbort(reason: number): void {
    this.#cause ??= decodeAbort(reason);
    this.#node.abort(this.#slot, this.#lease, reason);
  }

  protected told(): void {
    this.#events.told();
  }

  #abortWord(): AbortReason | undefined {
    return this.#node.abortReason(this.#node.layout.slot(this.#slot));
  }
}
