/** The values that lie with a worker, as its task thread has them. */
import { ReferenceLostError } from '../errors.js';
import { findOs, loadOs } from '../native/os.js';
import type { StorePlace } from '../native/value-stores.js';
import type { Forgotten, ReferencePlace } from '../protocol/thread-messages.js';
import { decodeValue } from '../protocol/values.js';

/** Owned by the thread. */
export class WorkerValues {
  readonly #worldRank: number;
  /** Stores that are mapped, by the ids of what they hold: until that is forgotten. */
  readonly #stores = new Map<string, ArrayBufferLike>();

  constructor(worldRank: number) {
    this.#worldRank = worldRank;
  }

  /**
   * What finds the values of a task's references.
   *
   * @param places - Where they are, as the head knows.
   */
  resolver(places: readonly ReferencePlace[] = []): (id: string) => unknown {
    return (id) => {
      const place = places.find((each) => each.id === id);
      const store = place && this.#map(id, place.store);
      if (!store) throw this.#lost(id);
      return decodeValue(new Uint8Array(store), { inPlace: true });
    };
  }

  /** No task has these values any more: arrays that somebody still has of them are of length 0 from now on. */
  forget({ shared }: Forgotten): void {
    for (const id of shared) {
      const store = this.#stores.get(id);
      this.#stores.delete(id);
      if (store instanceof ArrayBuffer) findOs()?.detachStore(store);
    }
  }

  #map(id: string, place: StorePlace): ArrayBufferLike {
    if (place.memory !== undefined) return place.memory;
    const known = this.#stores.get(id);
    if (known) return known;
    const os = loadOs();
    let store: ArrayBuffer;
    try {
      const descriptor = os.openDescriptor(place.pid, place.descriptor, 0);
      try {
        store = os.mapStore(descriptor, place.sizeBytes);
      } finally {
        os.closeDescriptor(descriptor); // the mapping stays
      }
    } catch (cause) {
      throw this.#lost(id, cause);
    }
    this.#stores.set(id, store);
    return store;
  }

  #lost(id: string, cause?: unknown): ReferenceLostError {
    const text = `worker ${this.#worldRank} does not have the value of reference ${id}; make it again`;
    return new ReferenceLostError(text, { id, worldRank: this.#worldRank }, cause === undefined ? {} : { cause });
  }
}
