/** `node script.js` without a launcher: the script is the only rank of its world. */
import { isMainThread } from 'node:worker_threads';
import type { TaskScope } from '../collective/scope.js';
import { installRuntime } from '../collective/scope.js';
import { environment } from '../env.js';
import { compileKernels } from '../kernels/wasm-module.js';
import { threadsWindow } from '../backend/window/node-window.js';
import { windowBytesFor } from '../backend/window/window-bytes.js';
import { processHost } from './foreign-main.js';
import { threadMembers } from './members.js';
import { createEngine } from './rank-engine.js';
import { RankTask } from './rank-task.js';
import { worldGrant, worldTaskId } from './script-thread.js';

let scope: TaskScope | undefined;

/** The world of this process, made at the first use; undefined in other threads, which belong to nobody's world. */
export function joinLoneWorld(): TaskScope | undefined {
  if (!isMainThread) return undefined;
  scope ??= makeWorld();
  return scope;
}

function makeWorld(): TaskScope {
  const { window, timeoutMs, debug } = environment();
  // Over MPI it could be false: here nobody is there to send to.
  const { node } = threadsWindow(compileKernels(), 1, windowBytesFor(window === false ? undefined : window, 1));
  node.bind(worldGrant.slot, worldGrant.lease);
  const memory = { window: node.handle, seal: node.seal, bells: undefined, wire: undefined, worldRank: 0 };
  const { engine } = createEngine(memory, processHost);
  const lease = { ...worldGrant, taskId: worldTaskId, rank: 0, communicator: -1, members: threadMembers(1) };
  const limit = timeoutMs ?? 1_800_000;
  const task = new RankTask(engine, installRuntime(), { lease, attempt: 1, timeoutMs: limit, poison: debug });
  if (debug) {
    process.stderr.write(
      'shoal: no launcher has started this process: collective and context belong to a world of one rank; ' +
        'start more with `shoal run -n 4 script.js` or `mpiexec -n 4 node script.js`\n',
    );
  }
  return task.scope;
}
