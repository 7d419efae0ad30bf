/** The engine of one rank, over whatever its process has joined. */
import type { EngineHost } from '../calls/engine.js';
import { RankEngine } from '../calls/engine.js';
import { WindowBackend } from '../backend/window/window-backend.js';
import { WireBackend } from '../backend/wire/wire-backend.js';
import { findOs, loadOs } from '../native/os.js';
import type { ThreadBoot } from '../protocol/thread-messages.js';
import { ThreadDoorbell } from '../backend/window/thread-doorbell.js';
import { NodeWindow } from '../backend/window/node-window.js';
import { RankWindow } from '../backend/window/rank-window.js';
import { PipeDoorbell, notifyBell } from '../backend/window/shared-window.js';
import { Endpoint } from '../backend/wire/endpoint.js';
import { cancelRing } from '../backend/wire/envelope-ring.js';
import type { ThreadGate } from '../backend/wire/thread-gate.js';
import type { MpiWire } from '../backend/wire/mpi-messages.js';
import { mpiMessages } from '../backend/wire/mpi-messages.js';
import { Recorder } from '../records/recorder.js';
import { WireDoorbell } from '../backend/wire/wire-doorbell.js';
import { WireMemory } from '../backend/wire/wire-memory.js';

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
    gate,
    worldRank,
    records,
  }: Pick<ThreadBoot, 'window' | 'bells' | 'wire' | 'worldRank'> &
    Partial<Pick<ThreadBoot, 'seal' | 'gate' | 'records'>>,
  host: EngineHost,
): RankPlace {
  const node = new NodeWindow(handle, seal);
  const recorder = new Recorder(worldRank, records);
  if (wire) {
    const backend = new WireBackend(worldRank, node, (rank, communicator) => {
      return openEndpoint(rank, communicator, wire, gate);
    });
    const doorbell = new WireDoorbell(backend, () => {
      loadOs().yieldCore();
    });
    return { engine: new RankEngine(backend, doorbell, host, recorder), node };
  }
  if (!bells) {
    const os = findOs();
    const backend = new WindowBackend(new RankWindow(node, worldRank, undefined, os));
    const doorbell = new ThreadDoorbell(node, worldRank, os && (() => os.yieldCore()));
    return { engine: new RankEngine(backend, doorbell, host, recorder), node };
  }
  const os = loadOs();
  const notify = (rank: number): void => {
    notifyBell(os, bells.writeEnds, rank);
  };
  const window = new RankWindow(node, worldRank, notify, os);
  return { engine: new RankEngine(new WindowBackend(window), new PipeDoorbell(os, bells), host, recorder), node };
}

/**
 * Take the wire over, on one communicator. A process whose wire was left in the middle of a message cannot go on: it
 * ends.
 */
export function openEndpoint(
  rank: number,
  communicator: number,
  { handle, family }: MpiWire,
  gate?: ThreadGate,
): Endpoint {
  try {
    return new Endpoint(rank, communicator, new WireMemory(handle, gate), mpiMessages(family, communicator));
  } catch (error) {
    return endProcess(error);
  }
}

/** The thread that had the wire is gone: end the receives that it has left. */
export function closeWire({ handle, family }: MpiWire): void {
  const memory = new WireMemory(handle);
  if (memory.isInside) endProcess(new Error('a thread was ended in the middle of a message'));
  cancelRing(memory, mpiMessages(family, memory.ringCommunicator));
}

function endProcess(error: unknown): never {
  process.stderr.write(`shoal: process ${process.pid} ends: ${(error as Error).message}\n`);
  process.kill(process.pid, 'SIGKILL');
  throw error;
}
