/**
 * `mpiexec -n 4 node script.js`: the script is the main thread, and joins its job when it first uses `shoal/worker`.
 */
import type { MessagePort } from 'node:worker_threads';
import { isMainThread, MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { EngineHost } from '../calls/engine.js';
import { nowMs } from '../clock.js';
import { assetPath } from '../asset.js';
import type { TaskScope } from '../collective/scope.js';
import { installRuntime } from '../collective/scope.js';
import { environment } from '../env.js';
import { LaunchError } from '../errors.js';
import { inFlightText } from '../head/in-flight.js';
import type { RankRow } from '../protocol/control-messages.js';
import { decodeValue } from '../protocol/values.js';
import type { Bells, NodeWindow, WindowHandle } from '../backend/window/node-window.js';
import { windowBytesFor } from '../backend/window/window-bytes.js';
import type { MpiWire } from '../backend/wire/mpi-messages.js';
import { prepareForMpi, removeLauncherVariables } from './join-job.js';
import type { LaunchedRank } from './launcher-environment.js';
import { worldMembers } from './members.js';
import { launchedRank } from './launcher-environment.js';
import { createEngine } from './rank-engine.js';
import { RankTask } from './rank-task.js';
import { worldGrant, worldTaskId } from './script-thread.js';
import { endInWorld } from './world-end.js';

const startTimeoutMs = 60_000;
const finalizeLimitMs = 10_000;
const pollMs = 20;

/** The word that main thread and control thread wait on. */
export const foreignState = { joining: 0, joined: 1, leaving: 2, left: 3 } as const;

let tried = false;

/** What the engine of a script in the main thread asks of its process. */
export const processHost: EngineHost = {
  warn: (message) => {
    process.emitWarning(message, { type: 'ShoalWarning' });
  },
  reportStuck: () => undefined, // the launcher, or the shell, owns the process
};

/** Given to the control thread. */
export interface ForeignBoot {
  readonly launched: LaunchedRank;
  readonly windowBytes: number | false;
  readonly port: MessagePort;
  readonly state: Int32Array;
}

/** What it answers. */
export type ForeignAnswer =
  | {
      readonly rows: readonly RankRow[];
      readonly window: WindowHandle;
      readonly bells: Bells | undefined;
      readonly wire: MpiWire | undefined;
    }
  | { readonly error: Uint8Array };

/**
 * Join the job that a foreign launcher started, once and blocking.
 *
 * @returns The world's scope; undefined when no launcher started this process.
 * @throws {@link LaunchError}
 */
export function joinForeignWorld(): TaskScope | undefined {
  const launched = isMainThread ? launchedRank(process.env) : undefined;
  if (!launched) return undefined;
  if (tried) throw new LaunchError('this process could not join its MPI job; the first use of shoal/worker said why');
  tried = true;
  prepareForMpi();
  const { window: given, timeoutMs, debug } = environment();
  const state = new Int32Array(new SharedArrayBuffer(4));
  const { port1, port2 } = new MessageChannel();
  const windowBytes = windowBytesFor(given, launched.size);
  const boot: ForeignBoot = { launched, windowBytes, port: port2, state };
  const control = new Worker(assetPath('#foreign-control'), {
    workerData: boot,
    transferList: [port2],
    name: 'shoal control',
    execArgv: [],
  });
  control.unref();
  const { rows, ...memory } = answerOf(port1, state);
  // The control thread has an environment of its own; children of this one must not inherit the launcher's.
  removeLauncherVariables();
  port1.unref();

  const { rank } = launched;
  const { engine, node } = createEngine({ ...memory, worldRank: rank }, processHost);
  const runtime = installRuntime();
  runtime.worker = true;
  const members = worldMembers(rows);
  node.bind(worldGrant.slot, worldGrant.lease);
  const lease = { ...worldGrant, taskId: worldTaskId, rank, communicator: memory.wire?.world ?? -1, members };
  const limit = timeoutMs ?? 1_800_000;
  const task = new RankTask(engine, runtime, { lease, attempt: 1, timeoutMs: limit, poison: debug });
  runtime.running = task.scope;
  process.on('exit', (code) => {
    const { inFlight } = task.group;
    if (inFlight.length > 0) process.stderr.write(`shoal: the script ended while ${inFlightText(inFlight)}\n`);
    if (code === 0) leave(task, node, members.length, memory.wire, state);
    else task.fail(new Error(`rank ${rank} ended with exit code ${code}`));
  });
  return task.scope;
}

function answerOf(port: MessagePort, state: Int32Array): Exclude<ForeignAnswer, { error: unknown }> {
  const end = nowMs() + startTimeoutMs;
  while (Atomics.load(state, 0) < foreignState.joined && nowMs() < end) {
    Atomics.wait(state, 0, Atomics.load(state, 0), pollMs);
  }
  const answer = receiveMessageOnPort(port)?.message as ForeignAnswer | undefined;
  if (!answer) {
    throw new LaunchError(
      `this process did not join its MPI job within ${startTimeoutMs} ms; every rank must use collective or context of shoal/worker`,
    );
  }
  if ('error' in answer) throw decodeValue(answer.error);
  return answer;
}

/** Leave MPI when everybody's script has ended: a rank that leaves early would take the others along. */
function leave(task: RankTask, node: NodeWindow, size: number, wire: MpiWire | undefined, state: Int32Array): void {
  const { worldRank } = task.scope.context;
  task.finish();
  const allEnded = endInWorld(worldRank, size, node, wire);
  const idle = new Int32Array(new SharedArrayBuffer(4));
  while (!allEnded()) Atomics.wait(idle, 0, 0, pollMs);
  Atomics.store(state, 0, foreignState.leaving);
  Atomics.notify(state, 0);
  Atomics.wait(state, 0, foreignState.leaving, finalizeLimitMs);
}
