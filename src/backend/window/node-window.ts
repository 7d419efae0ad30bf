/** The node window of one host: shared linear memory, its layout, and the words that the control side writes. */
import { randomBytes } from 'node:crypto';
import { UnsupportedError } from '../../errors.js';
import { usableCores } from '../../native/cores.js';
import { instantiateKernels } from '../../kernels/wasm-module.js';
import type { AbortReason } from '../abort-reason.js';
import { decodeAbort } from '../abort-reason.js';
import { layoutNumbers as at, WindowLayout } from './layout.js';
import type { Seal } from './seal.js';
import { SealCheck, writeCanary } from './seal.js';

const magic = 0x4c4f4853; // "SHOL"
const version = 1;
const pageBytes = 64 * 1024;
const zeros = new Uint8Array(at.slotMembers);

/** What a thread needs to join a window: cheap to send, since memory and module are shared. */
export interface WindowHandle {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly ranks: number;
  readonly windowBytes: number;
  /** Cores that this process may use. */
  readonly cores: number;
}

/** Descriptors of the doorbells of ranks that are processes; they belong to this process. */
export interface Bells {
  readonly readEnd: number;
  /** By rank within the host. */
  readonly writeEnds: readonly number[];
}

/** The window as a control side holds it, whoever mapped it. */
export interface HostWindow {
  readonly node: NodeWindow;
  /** Undefined where doorbells are words of the window. */
  readonly bells: Bells | undefined;
  /** Wake a rank of this host. */
  notify(rank: number): void;
}

/** One process's view of the window. */
export class NodeWindow {
  readonly handle: WindowHandle;
  readonly layout: WindowLayout;
  readonly bytes: Uint8Array;
  /** Word views over the whole memory: index = address / 4. */
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  #check: SealCheck;

  /** @param seal - What the window began with; left out: what is there now. */
  constructor(handle: WindowHandle, seal?: Seal) {
    this.handle = handle;
    this.layout = new WindowLayout(handle.ranks, handle.windowBytes);
    const { buffer } = handle.memory;
    this.bytes = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.#check = new SealCheck(this.bytes, this.layout, seal);
  }

  /** What the window began with: for the threads that join it. */
  get seal(): Seal {
    return this.#check.seal;
  }

  /** The window is made now; what it began with is what is there. */
  renewSeal(): void {
    this.#check = new SealCheck(this.bytes, this.layout);
  }

  /** What a task has written to although nobody may; undefined: nothing, as far as can be told from here. */
  damage(): string | undefined {
    return this.#check.broken();
  }

  /** Ranks outnumber cores: waiting must give way at once. */
  get crowded(): boolean {
    return this.handle.ranks > this.handle.cores;
  }

  /**
   * Empty a slot whose lease has ended. Only when every member has acknowledged the end or is proven dead (rule 8):
   * nobody else touches the slot while this runs. Most of it was never written to, and reading costs less than writing.
   */
  clear(slot: number): void {
    const start = this.layout.slot(slot);
    const end = start + this.layout.slotBytes;
    Atomics.store(this.u32, start / 4, 0);
    Atomics.store(this.u32, start / 4 + 1, 0);
    this.#clear(start + 8, start + at.slotMembers);
    for (let member = start + at.slotMembers; member < end; member += at.memberBytes) {
      this.#clear(member, member + at.memberBytes);
    }
  }

  /** Say under which number a slot is lent; every member's control side does, before the member starts. */
  bind(slot: number, lease: number): void {
    Atomics.store(this.u32, this.layout.slot(slot) / 4 + 1, lease);
  }

  /** The reason for which a slot's lease was aborted, if it was. */
  abortReason(slotAddress: number): AbortReason | undefined {
    const word = Atomics.load(this.u32, slotAddress / 4);
    return word === 0 ? undefined : decodeAbort(word);
  }

  /**
   * Set the abort word from the control side, unless a reason stands already or the lease has ended; notify all members
   * afterwards. Abort word and lease number are compared and set as one word. An order that comes late finds another
   * lease in the slot and changes nothing.
   */
  abort(slot: number, lease: number, reason: number): void {
    const live = BigInt.asIntN(64, BigInt(lease) << 32n);
    Atomics.compareExchange(this.i64, this.layout.slot(slot) / 8, live, live | BigInt(reason));
  }

  /** Record that a member's thread or process is gone for good: nobody waits for it to stop touching memory. */
  markDead(slot: number, member: number): void {
    Atomics.store(this.u32, this.#dead(slot, member), 1);
  }

  /** Whether a member's thread or process is gone for good. */
  isDead(slot: number, member: number): boolean {
    return Atomics.load(this.u32, this.#dead(slot, member)) !== 0;
  }

  /** Wake a rank that waits for its doorbell. */
  notify(rank: number): void {
    const index = this.layout.doorbell(rank) / 4;
    Atomics.add(this.i32, index, 1);
    Atomics.notify(this.i32, index);
  }

  /** At most as long as the part before the members of a slot. */
  #clear(start: number, end: number): void {
    const [part, clear] = [this.bytes.subarray(start, end), zeros.subarray(0, end - start)];
    if (Buffer.compare(part, clear) !== 0) part.set(clear);
  }

  #dead(slot: number, member: number): number {
    return (this.layout.slot(slot) + at.slotMembers + member * at.memberBytes + at.memberDead) / 4;
  }
}

/** The window of ranks that are threads of this process. @throws {@link UnsupportedError} when none is wanted. */
export function threadsWindow(module: WebAssembly.Module, ranks: number, windowBytes: number | false): HostWindow {
  if (windowBytes === false) {
    throw new UnsupportedError(
      "window: false is for transport 'mpi', where bytes can go over MPI; threads of one process always share memory",
    );
  }
  const node = createWindow(module, ranks, windowBytes);
  return {
    node,
    bells: undefined,
    notify: (rank) => {
      node.notify(rank);
    },
  };
}

/** Make the window of `ranks` ranks in this process's memory; its data segments are initialised on return. */
export function createWindow(module: WebAssembly.Module, ranks: number, windowBytes: number): NodeWindow {
  const pages = Math.ceil(new WindowLayout(ranks, windowBytes).totalBytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const window = new NodeWindow({ memory, module, ranks, windowBytes, cores: usableCores() });
  instantiateKernels(module, memory, window.layout.stackTop(0));
  const header = window.layout.header;
  window.u32.set([magic, version, ranks, window.handle.cores], header / 4);
  window.bytes.set(randomBytes(16), header + 16);
  writeCanary(window.bytes);
  window.renewSeal();
  return window;
}
