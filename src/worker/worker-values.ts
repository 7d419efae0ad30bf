/** The values that lie with a worker, as its task thread has them. */
import { NotSerializableError, ReferenceLostError } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import { findOs, loadOs } from '../native/os.js';
import type { StorePlace } from '../native/value-stores.js';
import { segmentBytesOf } from '../native/value-stores.js';
import type { Retained, TaskArrays } from '../operands/task-arrays.js';
import { viewBytes, viewTag } from '../protocol/intrinsics.js';
import type { Forgotten, ReferencePlace } from '../protocol/thread-messages.js';
import { decodeValue } from '../protocol/values.js';
import { reachableViews } from './reachable-views.js';

/** What a task has returned, and the arrays of the task that live on with it. */
interface Kept {
  readonly value: unknown;
  readonly arrays: readonly Retained[];
}

/** Owned by the thread. */
export class WorkerValues {
  readonly #worldRank: number;
  readonly #arrays: TaskArrays;
  /** Fill freed memory with 0xFF. */
  readonly #poison: boolean;
  /** Stores that are mapped, by the ids of what they hold: until that is forgotten. */
  readonly #stores = new Map<string, ArrayBufferLike>();
  /** By the lease of the task. */
  readonly #kept = new Map<number, Kept>();

  /** @param arrays - Those of the tasks that run on this thread. */
  constructor(worldRank: number, arrays: TaskArrays, poison: boolean) {
    this.#worldRank = worldRank;
    this.#arrays = arrays;
    this.#poison = poison;
  }

  /**
   * What finds the values of a task's references.
   *
   * @param places - Where they are, as the head knows.
   */
  resolver(places: readonly ReferencePlace[]): (id: string) => unknown {
    return (id) => {
      const place = places.find((each) => each.id === id);
      if (place?.lease !== undefined) {
        const kept = this.#kept.get(place.lease);
        if (kept) return kept.value;
      } else if (place) {
        return decodeValue(new Uint8Array(this.#map(id, place.store)), { inPlace: true });
      }
      throw this.#lost(id);
    };
  }

  /**
   * Keep what a task has returned, before its arrays are freed: those that can be reached from it live on.
   *
   * @throws {@link NotSerializableError} when a node-shared array is among them: it ends with its task on all ranks.
   */
  keep(lease: number, value: unknown): void {
    const arrays: Retained[] = [];
    this.#kept.set(lease, { value, arrays });
    for (const view of reachableViews(value)) {
      const bytes = bytesOf(view);
      if (!bytes) continue;
      if (this.#arrays.sharedPlace(bytes)) {
        const text = 'the result holds a node-shared array, which ends with its task; keep a copy: array.slice()';
        throw new NotSerializableError(text, { path: 'result' });
      }
      const retained = this.#arrays.retain(bytes);
      if (retained !== undefined) arrays.push(retained);
    }
  }

  /** No task has these values any more. Arrays that somebody still has of shared data are of length 0 from now on. */
  forget({ shared, leases }: Forgotten): void {
    for (const id of shared) {
      const store = this.#stores.get(id);
      this.#stores.delete(id);
      if (store instanceof ArrayBuffer) findOs()?.detachStore(store);
    }
    for (const lease of leases) {
      for (const array of this.#kept.get(lease)?.arrays ?? []) this.#arrays.letGo(array, this.#poison);
      this.#kept.delete(lease);
    }
  }

  #map(id: string, place: StorePlace): ArrayBufferLike {
    if (place.memory !== undefined) return place.memory;
    const known = this.#stores.get(id);
    if (known) return known;
    const os = loadOs();
    let store: ArrayBuffer;
    try {
      store = mapStore(os, place);
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

/** @throws Error of the system; nothing is then open. */
function mapStore(
  os: OsAddon,
  { pid, descriptors, sizeBytes }: Extract<StorePlace, { readonly pid: number }>,
): ArrayBuffer {
  const opened: number[] = [];
  try {
    for (const descriptor of descriptors) opened.push(os.openDescriptor(pid, descriptor, 0));
    return os.mapStore(Int32Array.from(opened), segmentBytesOf(sizeBytes, opened.length), sizeBytes);
  } finally {
    for (const descriptor of opened) os.closeDescriptor(descriptor); // the mapping stays
  }
}

/** Undefined: its memory was detached. */
function bytesOf(view: ArrayBufferView): Uint8Array | undefined {
  try {
    return viewBytes(view, viewTag(view));
  } catch {
    return undefined;
  }
}
