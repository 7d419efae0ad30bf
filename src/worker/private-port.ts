/**
 * The channel between a thread that runs user code and its control side: a port that user code never sees. `parentPort`
 * is the user's, and nothing of ours depends on it.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { MessagePort } from 'node:worker_threads';
import type { FromThread, ThreadBoot, ToThread } from '../protocol/thread-messages.js';

type Threads = Pick<typeof import('node:worker_threads'), 'receiveMessageOnPort'>;

/** A word that a thread shares with its control side: 0 until its boot has been sent. */
type BootWord = Int32Array;

/** What the control side puts into `workerData`. */
export interface PrivateData {
  /** The first message that comes is the boot. */
  readonly port: MessagePort;
  readonly bootWord: BootWord;
}

/** For a thread that is to be started. */
export function createBootWord(): BootWord {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** The boot has been sent. */
export function tellBoot(bootWord: BootWord): void {
  Atomics.store(bootWord, 0, 1);
  Atomics.notify(bootWord, 0);
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
 * Blocks until the boot is there; the control side can end the thread meanwhile.
 *
 * The methods are bound here, so that user code may patch their prototypes.
 */
export function takePrivateBoot(): { boot: ThreadBoot; port: ControlPort } {
  const threads = createRequire(import.meta.url)('node:worker_threads') as Threads & { workerData: PrivateData | null };
  const given = threads.workerData;
  if (!given) throw new Error('this file is the entry of a worker thread');
  const { port, bootWord } = given;
  threads.workerData = null;
  syncBuiltinESMExports();
  const { receiveMessageOnPort } = threads;
  const on = port.on.bind(port);
  const post = port.postMessage.bind(port);
  Atomics.wait(bootWord, 0, 0);
  const boot = receiveMessageOnPort(port)?.message as ThreadBoot | undefined;
  if (!boot) throw new Error('something that was preloaded has taken the boot of this thread');
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
