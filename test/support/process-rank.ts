/** One rank as a process: joins a window with its siblings, then runs one task function after another. */
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

/** What it is told; it answers each with one message. */
export type RankOrder =
  /** Make the window's part of this rank; answers its row. */
  | { readonly type: 'start'; readonly rank: number; readonly size: number }
  | { readonly type: 'join'; readonly rows: readonly SharedRow[] }
  /** Run a task function under a lease that none before has had; answers how it ended. */
  | {
      readonly type: 'run';
      readonly lease: number;
      readonly module: string;
      readonly name: string;
      readonly args: Uint8Array;
    }
  /** All ranks have ended the task: release it. Rank 0 is told last, and empties the slot. */
  | { readonly type: 'close' };

type RunOrder = Extract<RankOrder, { type: 'run' }>;

const slot = 0;

/** Owned by its process. */
class ProcessRank {
  readonly #rank: number;
  readonly #shared: SharedWindow;
  #runTask: ((order: RunOrder) => Promise<unknown>) | undefined;
  #task: RankTask | undefined;

  constructor(rank: number, size: number) {
    this.#rank = rank;
    this.#shared = new SharedWindow(loadOs(), compileKernels(), size, 8 * 1024 * 1024, rank);
  }

  get row(): SharedRow {
    return this.#shared.row;
  }

  join(rows: readonly SharedRow[]): void {
    const [rank, shared] = [this.#rank, this.#shared];
    if (!shared.join(rows)) throw new Error('this process does not see the window of rank 0');
    const members = rows.map(({ pid }, member) => {
      return { rank: member, worldRank: member, localRank: member, hostname: 'here', node: 'here', pid };
    });
    const window = new RankWindow(shared.node, rank, (to) => {
      shared.notify(to);
    });
    const host = { warn: () => undefined, reportStuck: () => undefined };
    const engine = new RankEngine(new WindowBackend(window), new PipeDoorbell(loadOs(), shared.bells), host);
    const runtime = installRuntime();
    this.#runTask = (order) => {
      shared.node.bind(slot, order.lease);
      const lease = { lease: order.lease, slot, taskId: 't1', rank, communicator: -1, members };
      this.#task = new RankTask(engine, runtime, { lease, attempt: 1, timeoutMs: 30_000, poison: false });
      return outcomeOf(this.#task, order);
    };
  }

  run(order: RunOrder): Promise<unknown> {
    if (!this.#runTask) throw new Error('a rank joins before it runs');
    return this.#runTask(order);
  }

  close(): void {
    this.#task?.close();
    if (this.#rank === 0) this.#shared.node.clear(slot);
  }
}

async function outcomeOf(task: RankTask, { module, name, args }: RunOrder): Promise<unknown> {
  let origin: 'task' | 'result' = 'task';
  try {
    const functions = (await import(module)) as Record<string, (...args: unknown[]) => unknown>;
    const result = await task.run(() => functions[name]?.(...(decodeValue(args) as unknown[])));
    origin = 'result';
    return { kind: 'returned', value: encodeValue(result, 'result'), ...task.finish() };
  } catch (error) {
    task.fail(error);
    return { kind: 'threw', error: encodeError(error, Infinity), origin, replaceThread: false };
  }
}

let self: ProcessRank | undefined;

async function answer(order: RankOrder): Promise<unknown> {
  if (order.type === 'start') self = new ProcessRank(order.rank, order.size);
  if (!self) throw new Error('a rank starts first');
  if (order.type === 'start') return self.row;
  if (order.type === 'run') return self.run(order);
  if (order.type === 'join') self.join(order.rows);
  else self.close();
  return true;
}

process.on('message', (order: RankOrder) => {
  void answer(order).then((value) => process.send?.(value));
});
