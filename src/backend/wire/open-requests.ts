/**
 * What one thread has under way in the wire memory. It has a region that is its own, pieces of it, and the requests
 * that read or write them. Those that a thread before it has left open are seen through.
 */
import { ProtocolError } from '../../errors.js';
import { Allocator } from '../window/allocator.js';
import type { Messages } from './messages.js';
import type { WireMemory } from './wire-memory.js';
import { regionBytes, regionRequests, regions } from './wire-memory.js';

/** A piece of wire memory; goes back when its last user releases it. */
export interface Block {
  readonly address: number;
  readonly sizeBytes: number;
  users: number;
}

/** Sends of one call that are still under way. */
export interface SendCount {
  open: number;
}

interface OpenRequest {
  readonly request: number;
  readonly region: number;
  readonly index: number;
  readonly done: () => void;
}

/** Owned by the thread's endpoint. */
export class OpenRequests {
  /** Messages that MPI gave up: of ranks that are gone. */
  failed = 0;
  readonly #memory: WireMemory;
  readonly #messages: Messages;
  readonly #allocator: Allocator;
  readonly #region: number;
  readonly #freeIndexes = Array.from({ length: regionRequests }, (_, index) => index);
  #open: OpenRequest[] = [];

  /** @throws {@link ProtocolError} when requests of earlier threads are open in every region. */
  constructor(memory: WireMemory, messages: Messages) {
    this.#memory = memory;
    this.#messages = messages;
    this.#region = this.#takeRegion();
    this.#allocator = new Allocator(memory.region(this.#region), regionBytes);
  }

  get isEmpty(): boolean {
    return this.#open.length === 0;
  }

  /** Requests that can be started now. */
  get free(): number {
    return this.#freeIndexes.length;
  }

  /** Memory for a message, with one user; undefined while there is none. */
  allocate(sizeBytes: number): Block | undefined {
    const address = this.#allocator.allocate(sizeBytes);
    return address === undefined ? undefined : { address, sizeBytes, users: 1 };
  }

  release(block: Block): void {
    if (--block.users === 0) this.#allocator.free(block.address);
  }

  /** Start a request and remember it; a message to a rank that is gone counts as done. */
  start(start: () => number, block: Block | undefined, count: SendCount, then?: () => void): void {
    const done = (): void => {
      count.open--;
      if (block) this.release(block);
      then?.();
    };
    count.open++;
    let request: number;
    try {
      request = start();
    } catch {
      this.failed++;
      done();
      return;
    }
    const index = this.#freeIndexes.pop() ?? 0; // the callers check `free`
    this.#memory.setRequest(this.#region, index, request);
    this.#open.push({ request, region: this.#region, index, done });
  }

  /** Release what has completed; true if there was any. */
  poll(): boolean {
    if (this.#open.length === 0) return false;
    let progress = false;
    const open = this.#open;
    this.#open = [];
    for (const each of open) {
      if (!this.isComplete(each.request)) {
        this.#open.push(each);
        continue;
      }
      this.#memory.setRequest(each.region, each.index, 0);
      if (each.region === this.#region) this.#freeIndexes.push(each.index);
      each.done();
      progress = true;
    }
    return progress;
  }

  /** Whether MPI has done with a request. */
  isComplete(request: number): boolean {
    try {
      return this.#messages.test(request) === 1;
    } catch {
      // Failed, or completed by the thread before in its last moment: the slot says which.
      this.failed++;
      return true;
    }
  }

  /** A region that no open request of an earlier thread reads or writes; those that there are, are seen through. */
  #takeRegion(): number {
    const memory = this.#memory;
    let free: number | undefined;
    for (let i = 0; i < regions; i++) {
      const region = (memory.currentRegion + i) % regions;
      let open = false;
      for (let index = 0; index < regionRequests; index++) {
        const request = memory.request(region, index);
        if (request === 0) continue;
        if (this.isComplete(request)) {
          memory.setRequest(region, index, 0);
          continue;
        }
        open = true;
        this.#open.push({ request, region, index, done: () => undefined });
      }
      if (!open) free ??= region;
    }
    if (free !== undefined) {
      memory.currentRegion = free;
      return free;
    }
    throw new ProtocolError('all wire memory is in use by messages of threads that were ended');
  }
}
