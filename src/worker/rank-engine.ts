/** The engine of one rank, over whatever its process has joined. */
import type { EngineHost } from '../collective/engine.js';
import { RankEngine } from '../collective/engine.js';
import { WindowLinks } from '../collective/window-link.js';
import { WireLinks } from '../collective/wire-link.js';
import { loadOs } from '../native/os.js';
import type { ThreadBoot } from '../protocol/thread-messages.js';
import { ThreadDoorbell } from '../window/doorbell.js';
import { NodeWindow } from '../window/node-window.js';
import { RankWindow } from '../window/rank-window.js';
import { PipeDoorbell, ringBell } from '../window/shared-window.js';
import { Endpoint } from '../wire/endpoint.js';
import { cancelRing } from '../wire/envelope-ring.js';
import type { MpiWire } from '../wire/mpi-messages.js';
import { mpiMessages } from '../wire/mpi-messages.js';
import { WireDoorbell } from '../wire/wire-doorbell.js';
import { WireMemory } from '../wire/wire-memory.js';

/** What the engine runs on, and its own view of the window. */
export interface RankPlace {
  readonly engine: RankEngine;
  readonly node: NodeWindow;
}

/** Make the engine of a thread. */
export function createEngine(
  {
    window: handle,
    seal,
    bells,
    wire,
    worldRank,
  }: Pick<ThreadBoot, 'window' | 'bells' | 'wire' | 'worldRank'> & Partial<Pick<ThreadBoot, 'seal'>>,
  host: EngineHost,
): RankPlace {
  const node = new NodeWindow(handle, seal);
  if (wire) {
    const links = new WireLinks(worldRank, node, (rank, communicator) => openEndpoint(rank, communicator, wire));
    const doorbell = new WireDoorbell(links, () => {
      loadOs().yieldCore();
    });
    return { engine: new RankEngine(links, doorbell, host), node };
  }
  if (!bells) {
    const links = new WindowLinks(new RankWindow(node, worldRank));
    return { engine: new RankEngine(links, new ThreadDoorbell(node, worldRank), host), node };
  }
  const os = loadOs();
  const window = new RankWindow(node, worldRank, (rank) => {
    ringBell(os, bells.writeEnds, rank);
  });
  return { engine: new RankEngine(new WindowLinks(window), new PipeDoorbell(os, bells), host), node };
}

/** Take the wire over, on one communicator. A process whose wire was left in the middle of a message cannot go on: it ends. */
export function openEndpoint(rank: number, communicator: number, { handle, family }: MpiWire): Endpoint {
  try {
    return new Endpoint(rank, communicator, new WireMemory(handle), mpiMessages(family, communicator));
  } catch (error) {
    return endProcess(error);
  }
}

/** The thread that had the wire is gone: end the receives that it has left. */
export function closeWire({ handle, family }: MpiWire): void {
  const memory = new WireMemory(handle);
  if (memory.inside) endProcess(new Error('a thread was ended in the middle of a message'));
  cancelRing(memory, mpiMessages(family, memory.ringCommunicator));
}

function endProcess(error: unknown): never {
  process.stderr.write(`shoal: process ${process.pid} ends: ${(error as Error).message}\n`);
  process.kill(process.pid, 'SIGKILL');
  throw error;
}
