/** One rank as a process: joins a window with its siblings, runs one task function, reports how it ended. */
import { RankEngine } from '../../src/calls/engine.js';
import { installRuntime } from '../../src/collective/scope.js';
import { WindowBackend } from '../../src/backend/window/window-backend.js';
import { compileKernels } from '../../src/kernels/wasm-module.js';
import { loadOs } from '../../src/native/os.js';
import { decodeValue, encodeValue } from '../../src/protocol/values.js';
import { RankWindow } from '../../src/backend/window/rank-window.js';
import type { SharedRow } from '../../src/backend/window/shared-window.js';
import { PipeDoorbell, SharedWindow } from '../../src/backend/window/shared-window.js';
import { encodeError } from '../../src/protocol/error-value.js';
import { RankTask } from '../../src/worker/rank-task.js';

/** What a process is started with. */
export interface RankJob {
  readonly rank: number;
  readonly size: number;
  readonly module: string;
  readonly name: string;
  readonly args: Uint8Array;
}

process.once('message', (job: RankJob) => {
  const { rank, size } = job;
  const shared = new SharedWindow(loadOs(), compileKernels(), size, 8 * 1024 * 1024, rank);
  process.once('message', (rows: readonly SharedRow[]) => {
    if (!shared.join(rows)) throw new Error('this process does not see the window of rank 0');
    void run(job, shared, rows);
  });
  process.send?.(shared.row);
});

async function run(job: RankJob, shared: SharedWindow, rows: readonly SharedRow[]): Promise<void> {
  const { rank, module, name, args } = job;
  const members = rows.map(({ pid }, member) => ({
    rank: member,
    worldRank: member,
    localRank: member,
    hostname: 'here',
    node: 'here',
    pid,
  }));
  const window = new RankWindow(shared.node, rank, (to) => {
    shared.notify(to);
  });
  const host = { warn: () => undefined, reportStuck: () => undefined };
  const engine = new RankEngine(new WindowBackend(window), new PipeDoorbell(loadOs(), shared.bells), host);
  const lease = { lease: 1, slot: 0, taskId: 't1', rank, communicator: -1, members };
  const task = new RankTask(engine, installRuntime(), { lease, attempt: 1, timeoutMs: 30_000, poison: false });
  let origin: 'task' | 'result' = 'task';
  try {
    const functions = (await import(module)) as Record<string, (...args: unknown[]) => unknown>;
    const result = await task.run(() => functions[name]?.(...(decodeValue(args) as unknown[])));
    origin = 'result';
    end({ kind: 'returned', value: encodeValue(result, 'result'), ...task.finish() });
  } catch (error) {
    task.fail(error);
    end({ kind: 'threw', error: encodeError(error, Infinity), origin, replaceThread: false });
  }
}

/** The process stays until it is told to go: peers may still copy from its staging. */
function end(outcome: unknown): void {
  process.send?.(outcome);
  process.once('message', () => process.exit(0));
}
