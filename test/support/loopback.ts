/** Runs a task function as ranks of this thread that share no memory: every byte goes over the wire's twin. */
import { RankEngine } from '../../src/calls/engine.js';
import { WireBackend } from '../../src/backend/wire/wire-backend.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import type { NodeWindow } from '../../src/backend/window/node-window.js';
import { createWindow } from '../../src/backend/window/node-window.js';
import { Endpoint } from '../../src/backend/wire/endpoint.js';
import type { LoopbackFaults } from '../../src/backend/wire/loopback.js';
import { Loopback } from '../../src/backend/wire/loopback.js';
import { WireDoorbell } from '../../src/backend/wire/wire-doorbell.js';
import { createWireMemory, WireMemory } from '../../src/backend/wire/wire-memory.js';
import { localHost, runOn } from '../../src/worker/local-ranks.js';

const module = compileKernels();
const windowBytes = 1024 * 1024;

/** What the ranks run on, to be read from outside. */
export interface LoopbackWorld {
  readonly network: Loopback;
  readonly engines: readonly RankEngine[];
  readonly endpoints: readonly Endpoint[];
  /** What each rank's control side writes to. */
  readonly nodes: readonly NodeWindow[];
}

/** `size` ranks over one network; each has a slot 0 lent under lease 1. */
export function loopbackWorld(size: number, faults?: LoopbackFaults): LoopbackWorld {
  const network = new Loopback(size, faults);
  const ranks = Array.from({ length: size }, (_, rank) => {
    const node = createWindow(module, size, windowBytes);
    node.bind(0, 1);
    const endpoint = new Endpoint(rank, 1, new WireMemory(createWireMemory(module)), network.messages(rank));
    const backend = new WireBackend(rank, node, () => endpoint);
    const doorbell = new WireDoorbell(backend, () => undefined);
    const awaited = { ticket: () => 0, wait: undefined, waitAsync: doorbell.waitAsync.bind(doorbell) };
    return { endpoint, node, engine: new RankEngine(backend, awaited, localHost) };
  });
  return {
    network,
    engines: ranks.map(({ engine }) => engine),
    endpoints: ranks.map(({ endpoint }) => endpoint),
    nodes: ranks.map(({ node }) => node),
  };
}

/** As `runRanks`. */
export function runLoopback(size: number, fn: (...args: unknown[]) => unknown, args: unknown[]): Promise<unknown[]> {
  return runOn(loopbackWorld(size).engines, fn, args);
}
