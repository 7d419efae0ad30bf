/** Memory of this host that holds values for its workers: each value is written once, and read where it lies. */
import { writeSync } from 'node:fs';
import { findOs } from './os.js';

/** What a store is to hold: the bytes in order, and how many there are with the gaps between. */
export interface StoreContent {
  readonly sizeBytes: number;
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** Where a store is found: a descriptor of a process, or memory of this one where there is no addon. */
export type StorePlace = { readonly sizeBytes: number } & (
  | { readonly pid: number; readonly descriptor: number; readonly memory?: undefined }
  | { readonly memory: SharedArrayBuffer }
);

/** Bytes that one write takes at most. */
const mostBytes = 2 ** 30;

/** The stores of one process, by the ids of their values. */
export class ValueStores {
  readonly #places = new Map<string, StorePlace>();

  /** @throws Error of the system when there is no memory or no descriptor left; nothing is then kept. */
  create(id: string, content: StoreContent): StorePlace {
    const place = createPlace(content);
    this.#places.set(id, place);
    return place;
  }

  place(id: string): StorePlace | undefined {
    return this.#places.get(id);
  }

  /** The memory goes back to the system when nobody maps it any more. */
  remove(id: string): void {
    const place = this.#places.get(id);
    this.#places.delete(id);
    if (place && place.memory === undefined) findOs()?.closeDescriptor(place.descriptor);
  }

  close(): void {
    for (const id of [...this.#places.keys()]) this.remove(id);
  }
}

function createPlace({ sizeBytes, parts }: StoreContent): StorePlace {
  const os = findOs();
  if (!os) {
    const memory = new SharedArrayBuffer(sizeBytes);
    for (const { offset, bytes } of parts) new Uint8Array(memory, offset).set(bytes);
    return { sizeBytes, memory };
  }
  const descriptor = os.createStore(sizeBytes);
  try {
    // A write makes the pages as it fills them, for half of what it costs to fault them in.
    for (const { offset, bytes } of parts) writeAll(descriptor, bytes, offset);
    os.sealStore(descriptor);
  } catch (error) {
    os.closeDescriptor(descriptor);
    throw error;
  }
  return { sizeBytes, pid: process.pid, descriptor };
}

function writeAll(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(descriptor, bytes, at, Math.min(bytes.length - at, mostBytes), offset + at);
  }
}
