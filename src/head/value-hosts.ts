/** The hosts of a pool's workers, as places for values that tasks share: each lies once on each host. */
import { ClosedError } from '../errors.js';
import type { StoreContent, StorePlace } from '../native/value-stores.js';
import { ValueStores } from '../native/value-stores.js';

/** Another host than that of the head. */
export interface OtherHost {
  /**
   * Lay a value there. Resolves also when the host is lost, or the value is removed meanwhile.
   *
   * @param read - Copies bytes of the value from an offset on, as many as there are; 0: it was removed.
   * @throws Error which says why the host cannot hold it.
   */
  lay(id: string, sizeBytes: number, read: (offset: number, target: Uint8Array) => number): Promise<void>;
  /** Where its workers find the value; undefined: it does not lie there. */
  place(id: string): StorePlace | undefined;
  remove(id: string): void;
}

/**
 * One per pool. The head's own host has every value, also when no worker runs there: whoever takes the place of a host
 * that is lost gets them from it.
 */
export class ValueHosts {
  readonly #own = new ValueStores();
  /** With what `supply` has come to. */
  readonly #others = new Map<OtherHost, Promise<string | undefined>>();
  #isClosed = false;

  /**
   * Lay a value on each host. What it views is read before this returns.
   *
   * @throws Error of the system, or of another host, when one has no memory for it, and {@link ClosedError}; nothing is
   *   then left of it.
   */
  async lay(id: string, content: StoreContent): Promise<void> {
    this.#own.create(id, content);
    try {
      await Promise.all([...this.#others.keys()].map((host) => this.#layOn(host, id, content.sizeBytes)));
      if (this.#isClosed) throw new ClosedError('the pool was closed; launch another');
    } catch (error) {
      this.remove(id);
      throw error;
    }
  }

  /** Where the workers of a host find a value. @param host - Undefined: the head's own. */
  place(host: OtherHost | undefined, id: string): StorePlace | undefined {
    return (host ?? this.#own).place(id);
  }

  /** No task needs the value any more. */
  remove(id: string): void {
    this.#own.remove(id);
    for (const host of this.#others.keys()) host.remove(id);
  }

  /**
   * From now on until `leave` a host has workers. Resolves when it has all values; with the reason when it cannot hold
   * them all: its workers then lack some.
   */
  supply(host: OtherHost): Promise<string | undefined> {
    const supplied = this.#others.get(host) ?? this.#layAllOn(host);
    this.#others.set(host, supplied);
    return supplied;
  }

  leave(host: OtherHost): void {
    this.#others.delete(host);
  }

  close(): void {
    this.#isClosed = true;
    this.#own.close();
  }

  async #layAllOn(host: OtherHost): Promise<string | undefined> {
    const laid = this.#own.ids.map((id) => this.#layOn(host, id, this.#own.place(id)?.sizeBytes ?? 0));
    const failed = (await Promise.allSettled(laid)).find((each) => each.status === 'rejected');
    return failed && (failed.reason as Error).message;
  }

  #layOn(host: OtherHost, id: string, sizeBytes: number): Promise<void> {
    return host.lay(id, sizeBytes, (offset, target) => this.#own.read(id, offset, target));
  }
}
