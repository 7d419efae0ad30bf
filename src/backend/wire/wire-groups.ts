/**
 * Which group inside a task a message is for. A member that knows a group already may send to one that does not yet:
 * such messages wait. Those of groups that this rank has closed are dropped.
 */
import { groupSerial } from '../backend.js';
import type { Arrival, Endpoint } from './endpoint.js';
import type { WireChannel } from './wire-channel.js';

/** Those of one rank in one task. */
export class WireGroups {
  readonly #endpoint: Endpoint;
  readonly #open = new Map<number, WireChannel>();
  /** Arrivals of groups that this rank does not know yet, by number. */
  readonly #early = new Map<number, Arrival[]>();
  /** Of the groups that this rank has opened: the last serial number, by their first rank. */
  readonly #newest = new Map<number, number>();
  /** Groups that this rank takes part in making. They need not be opened in the order of their numbers. */
  #making = 0;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** This rank begins to make a group: `open` or `withdraw` follows. */
  begin(): void {
    this.#making++;
  }

  withdraw(): void {
    this.#making--;
    this.#dropPassed();
  }

  open(number: number, channel: WireChannel): void {
    const { firstOfTask, serial } = groupSerial(number);
    this.#newest.set(firstOfTask, Math.max(serial, this.#newest.get(firstOfTask) ?? 0));
    this.#open.set(number, channel);
    const early = this.#early.get(number) ?? [];
    this.#early.delete(number);
    for (const arrival of early) channel.accept(arrival);
    this.withdraw();
  }

  close(number: number): void {
    this.#open.delete(number);
  }

  deliver(arrival: Arrival): void {
    const { group } = arrival.envelope;
    const channel = this.#open.get(group);
    if (channel) {
      channel.accept(arrival);
    } else if (this.#making === 0 && this.#hasPassed(group)) {
      this.#drop(arrival);
    } else {
      const early = this.#early.get(group) ?? [];
      this.#early.set(group, early);
      early.push(arrival);
    }
  }

  /** The task has ended. */
  release(): void {
    for (const arrivals of this.#early.values()) for (const arrival of arrivals) this.#drop(arrival);
    this.#early.clear();
  }

  /** No group that is still to be opened has this number. */
  #hasPassed(number: number): boolean {
    const { firstOfTask, serial } = groupSerial(number);
    return serial <= (this.#newest.get(firstOfTask) ?? 0);
  }

  #dropPassed(): void {
    if (this.#making > 0 || this.#early.size === 0) return;
    for (const [number, arrivals] of this.#early) {
      if (!this.#hasPassed(number)) continue;
      this.#early.delete(number);
      for (const arrival of arrivals) this.#drop(arrival);
    }
  }

  #drop({ block }: Arrival): void {
    if (block) this.#endpoint.release(block);
  }
}
