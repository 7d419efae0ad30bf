/** What user code does with the thread that it runs in. */
import { createRequire } from 'node:module';
import { MessagePort, parentPort, workerData } from 'node:worker_threads';
import { collective, context } from 'shoal/worker';

/** Lines of `worker_threads` that other programs rely on; none of them is ours here. */
export function sees(): unknown {
  const { workerData: required } = createRequire(import.meta.url)('node:worker_threads') as { workerData: unknown };
  return [workerData, required, typeof parentPort];
}

const acts: Record<string, () => unknown> = {
  null: () => parentPort?.postMessage(null),
  forged: () => {
    const outcome = { kind: 'returned', value: new Uint8Array(8), sequence: 0, sent: 0, received: 0, aborted: false };
    for (let lease = 0; lease < 20; lease++) {
      parentPort?.postMessage({ type: 'outcome', lease, taskId: context.taskId, outcome });
    }
  },
  warning: () => parentPort?.postMessage({ type: 'warning', message: { toString: null } }),
  flood: () => {
    for (let i = 0; i < 1_000; i++) parentPort?.postMessage(i);
  },
  deaf: () => parentPort?.removeAllListeners(),
  deafFor: () => parentPort?.removeAllListeners('message'),
  listen: () => parentPort?.on('message', () => undefined),
  unref: () => parentPort?.unref(),
  ref: () => parentPort?.ref(),
  close: () => parentPort?.close(),
  patch: () => {
    const refuse = (): never => {
      throw new Error('patched');
    };
    Object.assign(MessagePort.prototype, { postMessage: refuse, on: refuse, ref: refuse, unref: refuse });
  },
};

export const actNames: string[] = Object.keys(acts);

/** Do it, and then what any task does. */
export async function act(name: string): Promise<number | undefined> {
  acts[name]?.();
  const [sum] = await collective.allreduce(Int32Array.of(context.rank + 1));
  return sum;
}
