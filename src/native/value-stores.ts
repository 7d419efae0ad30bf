/** Memory of this host that holds values for its workers: each value is written once, and read where it lies. */
import { readSync, writeSync } from 'node:fs';
import type { OsAddon } from './os.js';
import { findOs } from './os.js';

/** What a store is to hold: the bytes in order, and how many there are with the gaps between. */
export interface StoreContent {
  readonly sizeBytes: number;
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** Where a store is found: a descriptor of a process, or memory of this one where there is no addon. */
export type StorePlace = { readonly sizeBytes: number } & (
  | { readonly pid: number; readonly descriptor: number; readonly memory?: undefined }
  | { readonly memory: SharedArrayBuffer; readonly descriptor?: undefined }
);

/** Bytes that one write takes at most. */
const mostBytes = 2 ** 30;

/** The stores of one process, by the ids of their values. */
export class ValueStores {
  readonly #places = new Map<string, StorePlace>();

  get ids(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** @throws Error of the system when there is no memory or no descriptor left; nothing is then kept. */
  create(id: string, { sizeBytes, parts }: StoreContent): StorePlace {
    const writer = new StoreWriter(sizeBytes);
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

  /** Copy bytes of a store, from `offset` on, as many as there are and `target` takes. Returns their number. */
  read(id: string, offset: number, target: Uint8Array): number {
    const place = this.#places.get(id);
    if (!place) return 0;
    if (place.memory === undefined) return readSync(place.descriptor, target, 0, target.length, offset);
    const bytes = new Uint8Array(place.memory, offset, Math.min(target.length, place.sizeBytes - offset));
    target.set(bytes);
    return bytes.length;
  }

  /** The memory goes back to the system when nobody maps it any more. */
  remove(id: string): void {
    const place = this.#places.get(id);
    this.#places.delete(id);
    if (place && place.memory === undefined) findOs()?.closeDescriptor(place.descriptor);
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
  readonly #descriptor: number = -1;

  /** @throws Error of the system when there is no memory or no descriptor left. */
  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    if (this.#os) this.#descriptor = this.#os.createStore(sizeBytes);
    else this.#memory = new SharedArrayBuffer(sizeBytes);
  }

  /** A write makes the pages as it fills them, for half of what it costs to fault them in. */
  write(offset: number, bytes: Uint8Array): void {
    if (this.#memory) {
      new Uint8Array(this.#memory, offset).set(bytes);
      return;
    }
    for (let at = 0; at < bytes.length;) {
      at += writeSync(this.#descriptor, bytes, at, Math.min(bytes.length - at, mostBytes), offset + at);
    }
  }

  /** Nobody writes to it any more. @throws Error of the system. */
  seal(): StorePlace {
    const { sizeBytes } = this;
    if (this.#memory) return { sizeBytes, memory: this.#memory };
    this.#os?.sealStore(this.#descriptor);
    return { sizeBytes, pid: process.pid, descriptor: this.#descriptor };
  }

  /** Give the memory back: nobody needs it. */
  drop(): void {
    this.#os?.closeDescriptor(this.#descriptor);
  }
}
