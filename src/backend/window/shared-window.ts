/**
 * The node window of ranks that are processes: one sealed segment, mapped over the same range of every process's
 * memory.
 */
import { Socket } from 'node:net';
import type { OsAddon } from '../../native/os.js';
import type { Doorbell } from '../doorbell.js';
import type { Bells, HostWindow, NodeWindow } from './node-window.js';
import { identityBytes } from './layout.js';
import { createWindow } from './node-window.js';

const pageBytes = 64 * 1024;

/** What the other processes of the host must know of one; gathered before `join`. */
export interface SharedRow {
  readonly pid: number;
  /** Descriptor of the segment, in the process that holds it; −1 in the others. */
  readonly segment: number;
  /** Write end of this rank's doorbell. */
  readonly bell: number;
  /** First bytes of the header, from the holder; empty from the others. */
  readonly identity: Uint8Array;
}

/**
 * One process's side. The first rank of the host holds the segment; every process keeps its descriptors open, since
 * peers open them through `/proc` while it lives. A strong reference to the memory lasts as long as the process: were
 * it collected, the mapping would go with it.
 */
export class SharedWindow implements HostWindow {
  readonly node: NodeWindow;
  readonly row: SharedRow;
  readonly #os: OsAddon;
  readonly #rank: number;
  readonly #readEnd: number;
  #writeEnds: readonly number[] = [];

  constructor(os: OsAddon, module: WebAssembly.Module, ranks: number, windowBytes: number, rank: number) {
    this.#os = os;
    this.#rank = rank;
    this.node = createWindow(module, ranks, windowBytes);
    keepForever.add(this.node);
    const [readEnd, bell] = os.createDoorbell();
    this.#readEnd = readEnd;
    const { header, totalBytes } = this.node.layout;
    const holds = rank === 0;
    const identity = holds ? this.node.bytes.slice(header, header + identityBytes) : new Uint8Array(0);
    const segment = holds ? os.createSegment(totalBytes - pageBytes - header) : -1;
    this.row = { pid: process.pid, segment, bell, identity };
    if (!holds) return;
    this.#map(segment);
    this.node.bytes.set(identity, header);
  }

  /**
   * Map the holder's segment and open everybody's doorbell.
   *
   * @returns Whether this process now sees the holder's window: the vote of one rank. All must, or none uses it.
   */
  join(rows: readonly SharedRow[]): boolean {
    const holder = rows[0];
    if (!holder) return false;
    if (this.#rank !== 0) {
      const descriptor = this.#os.openDescriptor(holder.pid, holder.segment, 0);
      this.#map(descriptor);
      this.#os.closeDescriptor(descriptor); // the mapping stays
    }
    this.#writeEnds = rows.map(({ pid, bell }) => this.#os.openDescriptor(pid, bell, 1));
    const { header } = this.node.layout;
    const seen = this.node.bytes.subarray(header, header + identityBytes);
    this.node.renewSeal();
    return seen.every((byte, i) => byte === holder.identity[i]);
  }

  /** Wake a rank of this host. */
  notify(rank: number): void {
    notifyBell(this.#os, this.#writeEnds, rank);
  }

  get bells(): Bells {
    return { readEnd: this.#readEnd, writeEnds: this.#writeEnds };
  }

  #map(descriptor: number): void {
    const { header, totalBytes } = this.node.layout;
    this.#os.mapSegment(this.node.bytes, header, totalBytes - pageBytes - header, descriptor);
  }
}

const keepForever = new Set<NodeWindow>();

/** Notify a rank of this host. */
export function notifyBell(os: OsAddon, writeEnds: readonly number[], rank: number): void {
  const bell = writeEnds[rank];
  if (bell !== undefined) os.ringDoorbell(bell);
}

/** A pipe: notifications stay in it until they are read, so none between the last check and the sleep is lost. */
export class PipeDoorbell implements Doorbell {
  readonly #os: OsAddon;
  /** A descriptor of this thread's own: libuv closes it when the thread ends, and the pipe outlives the thread. */
  readonly #readEnd: number;
  #socket: Socket | undefined;
  #wake: (() => void) | undefined;

  constructor(os: OsAddon, bells: Bells) {
    this.#os = os;
    this.#readEnd = os.openDescriptor(process.pid, bells.readEnd, 0);
  }

  ticket(): number {
    return 0;
  }

  readonly wait = (_ticket: number, timeoutMs: number): void => {
    this.#os.waitDoorbell(this.#readEnd, Math.ceil(timeoutMs));
  };

  readonly yieldCore = (): void => {
    this.#os.yieldCore();
  };

  waitAsync(_ticket: number, wake: () => void): void {
    this.#wake = wake;
    if (this.#socket) return;
    this.#socket = new Socket({ fd: this.#readEnd, readable: true, writable: false });
    // The engine's timer keeps the event loop alive while a call is pending, so the socket need not.
    this.#socket.unref().on('data', () => {
      const rung = this.#wake;
      this.#wake = undefined;
      rung?.();
    });
  }
}
