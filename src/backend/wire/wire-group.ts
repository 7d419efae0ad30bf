/** A group that was made inside a task, where its members share no memory. */
import type { AbortReason } from '../abort-reason.js';
import { decodeAbort, encodeAbort } from '../abort-reason.js';
import type { Channel, GroupPlace } from '../backend.js';
import type { Endpoint } from './endpoint.js';
import type { GroupAddress } from './wire-channel.js';
import { WireChannel } from './wire-channel.js';

/** What it asks of its task, and tells it. */
interface GroupTask {
  readonly task: Pick<Channel, 'abortReason'> & { readonly traffic: { sent: number; received: number } };
  /** All members were told something. */
  told(): void;
  closed(): void;
}

/** One rank's side of such a group. */
export class WireGroupChannel extends WireChannel {
  readonly #of: GroupTask;
  /** What a member, or this rank, has aborted the group for. */
  #cause: AbortReason | undefined;

  constructor(endpoint: Endpoint, place: GroupPlace, address: GroupAddress, of: GroupTask) {
    super(endpoint, place, address);
    this.#of = of;
  }

  /** Messages are counted for the task as a whole: its communicator is drained of them. */
  override get traffic(): { sent: number; received: number } {
    return this.#of.task.traffic;
  }

  /** The end of its task ends a group; every member hears of that by itself. */
  abortReason(): AbortReason | undefined {
    const ofTask = this.#of.task.abortReason(); // it polls
    if (ofTask) this.noteAbort(encodeAbort('ofTask'));
    return this.#cause;
  }

  override close(): void {
    super.close();
    this.#of.closed();
  }

  protected get isAborted(): boolean {
    return this.#cause !== undefined;
  }

  protected noteAbort(reason: number): void {
    this.#cause ??= decodeAbort(reason);
  }

  protected told(): void {
    this.#of.told();
  }
}
