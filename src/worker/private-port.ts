/**
 * The channel between a thread that runs user code and its control side: a port that user code never sees. `parentPort`
 * is the user's, and nothing of ours depends on it.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import type { FromThread, ThreadBoot, ToThread } from '../protocol/thread-messages.js';

type Threads = Pick<typeof import('node:worker_threads'), 'receiveMessageOnPort'>;

/** What the control side puts into `workerData`. */
export interface PrivateBoot {
  readonly boot: ThreadBoot;
  readonly port: MessagePort;
}

/** The thread's end of it. */
export interface ControlPort {
  /** `moved`: memory that this thread uses no more goes along, and is not copied. */
  send(message: FromThread, moved?: readonly ArrayBuffer[]): void;
  /** Once; keeps the thread alive until `unref`. */
  receive(handle: (message: ToThread) => void): void;
  /** The next message that has come, which is then not handled. */
  take(): ToThread | undefined;
  unref(): void;
}

/**
 * Take what the control side gave, before any user code runs: afterwards `workerData` is null, as in a main thread.
 *
 * The methods are bound here, so that user code may patch their prototypes.
 */
export function takePrivateBoot(): { boot: ThreadBoot; port: ControlPort } {
  const threads = createRequire(import.meta.url)('node:worker_threads') as Threads & { workerData: PrivateBoot | null };
  const given = threads.workerData;
  if (!given) throw new Error('this file is the entry of a worker thread');
  const { boot, port } = given;
  threads.workerData = null;
  syncBuiltinESMExports();
  const { receiveMessageOnPort } = threads;
  const on = port.on.bind(port);
  const post = port.postMessage.bind(port);
  return {
    boot,
    port: {
      send: (message, moved = []) => {
        post(message, moved);
      },
      receive: (handle) => {
        on('message', handle);
      },
      take: () => receiveMessageOnPort(port)?.message as ToThread | undefined,
      unref: port.unref.bind(port),
    },
  };
}
