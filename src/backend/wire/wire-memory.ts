/**
 * The memory that a rank's messages lie in. It belongs to the process, not to a thread. MPI goes on reading and writing
 * after a task thread was ended by force, and the thread after it takes over the receives that wait.
 */
import type { KernelExports } from '../../kernels/wasm-module.js';
import { instantiateKernels } from '../../kernels/wasm-module.js';
import type { ThreadGate } from './thread-gate.js';
import { createGate, enter, leave } from './thread-gate.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Receives that wait for envelopes at any time. */
export const ringSlots = 32;
/** Bytes of one: an envelope and what rides in it. */
export const slotBytes: number = 16 * KIB;
/** Each thread that takes over uses another region; one whose requests are still open is not used again. */
export const regions = 4;
/** Bytes of a region: everything that one thread sends and receives. */
export const regionBytes: number = 64 * MIB;
/** Requests that a region can have open at a time. */
export const regionRequests = 2_048;
const maxRanks = 256;

const stackTop = MIB + 64 * KIB; // data pieces below the stack
const stateAddress = stackTop;
const sourcesAddress = stateAddress + 60 * KIB;
const ringAddress = stateAddress + 64 * KIB;
const regionsAddress = 2 * MIB;
const pageBytes = 64 * KIB;

/** Cheap to send to a thread, since memory and module are shared. */
export interface WireHandle {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

/** Where the words of the state stand, counted in words. */
const words = {
  inside: 0,
  region: 1,
  ringHead: 2,
  ringCommunicator: 3,
  newestLease: 4,
  ring: 16,
  left: 64,
  requests: 512,
  sent: 512 + regions * regionRequests,
  received: 512 + regions * regionRequests + maxRanks,
  end: 512 + regions * regionRequests + 2 * maxRanks,
} as const;

/**
 * Make the memory of one rank; its pages cost nothing until they are used. MPI knows its addresses: keep it for good.
 */
export function createWireMemory(module: WebAssembly.Module): WireHandle {
  const pages = (regionsAddress + regions * regionBytes) / pageBytes + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return { memory, module };
}

/** One thread's view of it. */
export class WireMemory {
  readonly bytes: Uint8Array;
  readonly u32: Uint32Array;
  readonly #kernels: KernelExports;
  readonly #state: Int32Array;
  readonly #gate: ThreadGate;

  /** @param gate - Of the thread; default: one that nobody shuts. */
  constructor({ memory, module }: WireHandle, gate: ThreadGate = createGate()) {
    this.#gate = gate;
    this.bytes = new Uint8Array(memory.buffer);
    this.u32 = new Uint32Array(memory.buffer);
    this.#state = new Int32Array(memory.buffer, stateAddress, words.end);
    this.#kernels = instantiateKernels(module, memory, stackTop);
  }

  /** The left fold of `sources` in their order, by the kernels of the window. Addresses, and a count of elements. */
  reduce(dtype: number, op: number, sources: readonly number[], target: number, count: number): void {
    this.u32.set(sources, sourcesAddress / 4);
    if (this.#kernels.shoal_reduce(dtype, op, sourcesAddress, sources.length, target, count) === 0) {
      throw new Error(`no kernel for dtype ${dtype}, op ${op}; validation lets none of these through`);
    }
  }

  slot(index: number): number {
    return ringAddress + index * slotBytes;
  }
  region(index: number): number {
    return regionsAddress + index * regionBytes;
  }

  /** Whether a thread is, or was ended, between two words that belong together. */
  get isInside(): boolean {
    return Atomics.load(this.#state, words.inside) !== 0;
  }
  /** Change words that belong together; a thread that is to be ended waits for that in place of entering. */
  inside(run: () => void): void {
    enter(this.#gate);
    Atomics.store(this.#state, words.inside, 1);
    run();
    Atomics.store(this.#state, words.inside, 0);
    leave(this.#gate);
  }
  /** Region of the thread that has the wire. */
  get currentRegion(): number {
    return this.#state[words.region] ?? 0;
  }
  set currentRegion(region: number) {
    this.#state[words.region] = region;
  }
  /** The receive that has waited longest: envelopes come in the order of the ring. */
  get ringHead(): number {
    return this.#state[words.ringHead] ?? 0;
  }
  set ringHead(slot: number) {
    this.#state[words.ringHead] = slot;
  }
  /** The communicator that the ring's receives wait on; −1: they have not been started, or were ended. */
  get ringCommunicator(): number {
    return (this.#state[words.ringCommunicator] ?? 0) - 1;
  }
  set ringCommunicator(communicator: number) {
    this.#state[words.ringCommunicator] = communicator + 1;
  }
  /** The last lease that this rank has taken part in. */
  get newestLease(): number {
    return this.#state[words.newestLease] ?? 0;
  }
  set newestLease(lease: number) {
    this.#state[words.newestLease] = lease;
  }

  ringRequest(slot: number): number {
    return this.#state[words.ring + slot] ?? 0;
  }
  setRingRequest(slot: number, request: number): void {
    this.#state[words.ring + slot] = request;
  }
  /** Open requests of a region; 0: none. */
  request(region: number, index: number): number {
    return this.#state[words.requests + region * regionRequests + index] ?? 0;
  }
  setRequest(region: number, index: number, request: number): void {
    this.#state[words.requests + region * regionRequests + index] = request;
  }
  /** Messages that have been sent to each rank of the communicator since its ring was opened. */
  get sent(): Int32Array {
    return this.#state.subarray(words.sent, words.sent + maxRanks);
  }
  /** Messages from each rank that have been received, or have a receive that only they fit. */
  get received(): Int32Array {
    return this.#state.subarray(words.received, words.received + maxRanks);
  }
  /** Whether a rank has said that it leaves MPI. */
  hasLeft(rank: number): boolean {
    return this.#state[words.left + rank] !== 0;
  }
  setLeft(rank: number): void {
    this.#state[words.left + (rank % maxRanks)] = 1;
  }
}
