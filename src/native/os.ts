/** The `os` addon: what Linux has and Node has not. Mirrors `bindings/src/os.cpp`; the only file that loads it. */
import { createRequire } from 'node:module';
import { assetPath } from '../asset.js';
import { UnsupportedError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import { addonAdvice, thisPlatform } from './platform.js';

declare const arrayList: unique symbol;

/** What the addon has noted of some arrays, for as long as they live. */
export interface ArrayList {
  readonly [arrayList]: true;
}

/** Functions of the addon. Failures throw an Error whose `code` is the C function's name. */
export interface OsAddon {
  /** Make a sealed segment of shared memory. The caller owns the descriptor. */
  createSegment(sizeBytes: number): number;
  /** Open a descriptor of a living process. The caller owns the new one. */
  openDescriptor(pid: number, descriptor: number, writeOnly: 0 | 1): number;
  /** Put a segment over a range of linear memory, for good. Both ends lie on pages. */
  mapSegment(memory: Uint8Array, offset: number, sizeBytes: number, descriptor: number): number;
  /** Make a segment of memory of this host that is written once, with ordinary writes. The caller owns the descriptor. */
  createStore(sizeBytes: number): number;
  /** Write to a store, from `offset` on: its segments lie one after another, all of `segmentBytes` but the last. */
  writeStore(descriptors: Int32Array, segmentBytes: number, bytes: Uint8Array, offset: number): number;
  /** Nobody writes to the segment from now on. */
  sealStore(descriptor: number): number;
  /** Map a store: what is written there is seen by this buffer alone. `segmentBytes`: a multiple of a page. */
  mapStore(descriptors: Int32Array, segmentBytes: number, sizeBytes: number): ArrayBuffer;
  /** Unmap it: the buffer and its views are of length 0 from now on. */
  detachStore(buffer: ArrayBuffer): boolean;
  /** Copy bytes between arrays that do not overlap. False when either has not so many: it was detached or shrunk. */
  copyBytes(to: TypedArray, toOffset: number, from: TypedArray, fromOffset: number, sizeBytes: number): boolean;
  /** The same, where another core has read what was there before and reads this next. */
  stageBytes(to: TypedArray, toOffset: number, from: TypedArray, fromOffset: number, sizeBytes: number): boolean;
  /** Note where the bytes of arrays lie, to copy them as one. Whoever copies sees that each is as long as it was. */
  listArrays(arrays: readonly Uint8Array[]): ArrayList;
  /** Copy bytes of a list, from a byte of the whole on, into an array. False when either has not so many. */
  gather(to: Uint8Array, toOffset: number, from: ArrayList, fromOffset: number, sizeBytes: number): boolean;
  /** The same, where another core has read what was there before and reads this next. */
  gatherStaged(to: Uint8Array, toOffset: number, from: ArrayList, fromOffset: number, sizeBytes: number): boolean;
  /** Copy bytes of an array to those of a list, from a byte of the whole on. False when either has not so many. */
  scatter(to: ArrayList, toOffset: number, from: Uint8Array, fromOffset: number, sizeBytes: number): boolean;
  /** Let another thread have the core. */
  yieldCore(): void;
  /** Cores that this process may run on. */
  countCores(): number;
  /** Make a doorbell: [read end, write end], both non-blocking. The caller owns both. */
  createDoorbell(): [number, number];
  /** Notify; a doorbell whose owner is gone notifies nobody. */
  ringDoorbell(writeEnd: number): void;
  /** Wait until the doorbell is notified, and take the notification; 1 if it came within `timeoutMs`. */
  waitDoorbell(readEnd: number, timeoutMs: number): 0 | 1;
  closeDescriptor(descriptor: number): void;
  /** A descriptor that becomes readable when the process ends. The caller owns it. */
  openProcess(pid: number): number;
  /** Send a signal by number; 0 when the process has been reaped. */
  signalProcess(processDescriptor: number, signal: number): 0 | 1;
  /** 1 once the process has ended and its memory is gone. */
  processEnded(processDescriptor: number): 0 | 1;
  /** Wait status of a process that has ended; −1 where the kernel does not tell. */
  exitStatus(processDescriptor: number): number;
  /** Open a library for all that is loaded later, for good. */
  openLibrary(path: string): void;
  /**
   * Ask a library which MPI it is: the major version of the standard ABI (−1: an ABI of its own) and its own words.
   * What is loaded later does not see it.
   */
  describeMpi(path: string): [abi: number, text: string];
}

let loaded: OsAddon | undefined;

/** Load the addon. @throws {@link UnsupportedError} where it was not built or does not load. */
export function loadOs(): OsAddon {
  if (loaded) return loaded;
  const file = assetPath('#bindings/os');
  try {
    loaded = createRequire(import.meta.url)(file) as OsAddon;
    return loaded;
  } catch (cause) {
    throw new UnsupportedError(
      `processes cannot share a window without the addon ${file}, which does not load; ${addonAdvice(thisPlatform())}`,
      { file },
      { cause },
    );
  }
}

/** The addon where it is there: not needed, but of use. */
export function findOs(): OsAddon | undefined {
  try {
    return loadOs();
  } catch {
    return undefined; // threads of one process go without
  }
}
