/** Memory of this host that holds values for its workers: each value is written once, and read where it lies. */
import { readSync } from 'node:fs';
import { usableCores } from './cores.js';
import type { OsAddon } from './os.js';
import { findOs } from './os.js';

/** What a store is to hold: the bytes in order, and how many there are with the gaps between. */
export interface StoreContent {
  readonly sizeBytes: number;
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/**
 * Where a store is found: descriptors of a process, whose segments lie one after another, or memory of this one where
 * there is no addon.
 */
export type StorePlace = { readonly sizeBytes: number } & (
  | { readonly pid: number; readonly descriptors: readonly number[]; readonly memory?: undefined }
  | { readonly memory: SharedArrayBuffer; readonly descriptors?: undefined }
);

/**
 * A store has a segment for each so many bytes, up to one for each core: each is filled by a thread of its own, since
 * the kernel lets one writer at a time into a file.
 */
const leastSegmentBytes = 8 * 2 ** 20;
const mostSegments = 4;
/** Of any system that there is an addon for. */
const pageBytes = 64 * 1024;

/** Bytes of each segment of a store but the last, which may have fewer. */
export function segmentBytesOf(sizeBytes: number, segments: number): number {
  return Math.ceil(sizeBytes / segments / pageBytes) * pageBytes;
}

/** The stores of one process, by the ids of their values. */
export class ValueStores {
  readonly #places = new Map<string, StorePlace>();

  get ids(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** @throws Error of the system when there is no memory or no descriptor left; nothing is then kept. */
  create(id: string, { sizeBytes, parts }: StoreContent): StorePlace {
    const most = Math.min(mostSegments, usableCores());
    const writer = new StoreWriter(sizeBytes, Math.max(1, Math.min(most, Math.floor(sizeBytes / leastSegmentBytes))));
    try {
      for (const { offset, bytes } of parts) writer.write(offset, bytes);
      return this.add(id, writer);
    } catch (error) {
      writer.drop();
      throw error;
    }
  }

  /** Keep a store that is full. @throws Error of the system; the store is still the writer's. */
  add(id: string, writer: StoreWriter): StorePlace {
    const place = writer.seal();
    this.#places.set(id, place);
    return place;
  }

  place(id: string): StorePlace | undefined {
    return this.#places.get(id);
  }

  /**
   * Copy bytes of a store, from `offset` on, as many as there are in one piece and `target` takes. Returns their number.
   */
  read(id: string, offset: number, target: Uint8Array): number {
    const place = this.#places.get(id);
    if (!place) return 0;
    const { sizeBytes, descriptors, memory } = place;
    if (memory === undefined) {
      const segmentBytes = segmentBytesOf(sizeBytes, descriptors.length);
      const descriptor = descriptors[Math.floor(offset / segmentBytes)];
      return descriptor === undefined ? 0 : readSync(descriptor, target, 0, target.length, offset % segmentBytes);
    }
    const bytes = new Uint8Array(memory, offset, Math.min(target.length, sizeBytes - offset));
    target.set(bytes);
    return bytes.length;
  }

  /** The memory goes back to the system when nobody maps it any more. */
  remove(id: string): void {
    const place = this.#places.get(id);
    this.#places.delete(id);
    for (const descriptor of place?.descriptors ?? []) findOs()?.closeDescriptor(descriptor);
  }

  close(): void {
    for (const id of this.ids) this.remove(id);
  }
}

/** Fills one store. Its owner seals or drops it. */
export class StoreWriter {
  readonly sizeBytes: number;
  readonly #os: OsAddon | undefined = findOs();
  readonly #memory: SharedArrayBuffer | undefined;
  readonly #descriptors: Int32Array = new Int32Array(0);
  readonly #segmentBytes: number;

  /**
   * @param segments - As many threads fill it at most. Above 1, each has `leastSegmentBytes` or more.
   * @throws Error of the system when there is no memory or no descriptor left.
   */
  constructor(sizeBytes: number, segments: number) {
    this.sizeBytes = sizeBytes;
    this.#segmentBytes = segmentBytesOf(sizeBytes, segments);
    if (this.#os) this.#descriptors = createSegments(this.#os, sizeBytes, this.#segmentBytes);
    else this.#memory = new SharedArrayBuffer(sizeBytes);
  }

  /** A write makes the pages as it fills them, for half of what it costs to fault them in. */
  write(offset: number, bytes: Uint8Array): void {
    if (this.#memory) new Uint8Array(this.#memory, offset).set(bytes);
    else this.#os?.writeStore(this.#descriptors, this.#segmentBytes, bytes, offset);
  }

  /** Nobody writes to it any more. @throws Error of the system. */
  seal(): StorePlace {
    const { sizeBytes } = this;
    if (this.#memory) return { sizeBytes, memory: this.#memory };
    for (const descriptor of this.#descriptors) this.#os?.sealStore(descriptor);
    return { sizeBytes, pid: process.pid, descriptors: [...this.#descriptors] };
  }

  /** Give the memory back: nobody needs it. */
  drop(): void {
    for (const descriptor of this.#descriptors) this.#os?.closeDescriptor(descriptor);
  }
}

function createSegments(os: OsAddon, sizeBytes: number, segmentBytes: number): Int32Array {
  const descriptors: number[] = [];
  try {
    for (let at = 0; at < sizeBytes; at += segmentBytes) {
      descriptors.push(os.createStore(Math.min(segmentBytes, sizeBytes - at)));
    }
  } catch (error) {
    for (const descriptor of descriptors) os.closeDescriptor(descriptor);
    throw error;
  }
  return Int32Array.from(descriptors);
}
