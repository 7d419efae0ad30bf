/** A thread that runs user code, as its control side holds it: the worker, and the private port to it. */
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assetPath } from '../asset.js';
import { createGate, shutGate } from '../backend/wire/thread-gate.js';
import { WireMemory } from '../backend/wire/wire-memory.js';
import { nextTick } from '../clock.js';
import type { ThreadSettings } from '../protocol/control-messages.js';
import type { FromThread, ThreadBoot, ToThread } from '../protocol/thread-messages.js';
import { checkFromThread } from '../protocol/thread-shapes.js';
import { namesLoader } from './foreign-loader.js';
import type { PrivateData } from './private-port.js';
import { createBootWord, tellBoot } from './private-port.js';
import { stuckThreads } from './stuck-threads.js';
import { threadArguments } from './node-arguments.js';

/** What a thread is to be: the part of its boot that does not follow from how it was started. */
export type ThreadPart = Omit<ThreadBoot, 'gate' | 'foreignLoader'>;

/** What is told of a thread; `exited` comes last. */
export interface PrivateThreadEvents {
  message(message: FromThread): void;
  /** Something came that is dropped. */
  dropped(why: string): void;
  /** An error that no code of the thread caught. */
  failed(error: unknown): void;
  exited(exitCode: number): void;
}

/** As the process itself. */
export const defaultSettings: ThreadSettings = {
  env: undefined,
  execArgv: undefined,
  resourceLimits: undefined,
  logDir: undefined,
};

/** The thread of a worker of a pool. */
export function startWorkerThread(worldRank: number, threads: ThreadSettings): PrivateThread {
  return new PrivateThread(`shoal worker ${worldRank}`, threads);
}

/** The thread of a rank that runs a script. */
export function startScriptThread(rank: number, threads: ThreadSettings): PrivateThread {
  return new PrivateThread(`shoal rank ${rank}`, threads);
}

/** Loads itself at once, and waits for its boot. */
export class PrivateThread {
  /** Resolves when the thread is gone. */
  readonly exit: Promise<void>;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #bootWord = createBootWord();
  readonly #gate = createGate();
  readonly #foreignLoader: boolean;
  /** Set once the thread has been given its boot. */
  #events: PrivateThreadEvents | undefined;
  /** What has happened to it until then. */
  readonly #untold: ((events: PrivateThreadEvents) => void)[] = [];
  #wireMemory: WireMemory | undefined;
  #isActive = true;
  #isGone = false;

  constructor(name: string, threads: ThreadSettings) {
    const { env, execArgv, resourceLimits } = threads;
    const own = execArgv ?? threadArguments(process.execArgv);
    const { port1, port2 } = new MessageChannel();
    const workerData: PrivateData = { port: port2, bootWord: this.#bootWord };
    this.#port = port1;
    this.#foreignLoader = namesLoader(execArgv ?? process.execArgv);
    this.#worker = new Worker(assetPath('#task-thread'), {
      workerData,
      transferList: [port2],
      name,
      ...(env && { env: { ...process.env, ...env } }),
      ...(own && { execArgv: [...own] }),
      ...(resourceLimits && { resourceLimits }),
    });
    // What comes here was posted by user code on `parentPort`.
    let told = false;
    const posted = (): void => {
      if (told) return;
      told = true;
      this.#tell((events) => {
        events.dropped(
          'what a task posts on parentPort reaches nobody: its driver is no owner of this thread; return the value, or ' +
            "use context.post(value), which pool.on('message') hears",
        );
      });
    };
    this.#worker.on('message', posted);
    this.#worker.on('messageerror', posted);
    this.#worker.on('error', (error: unknown) => {
      this.#tell((events) => {
        events.failed(error);
      });
    });
    this.exit = new Promise((resolve) => {
      this.#worker.on('exit', (exitCode) => {
        this.#isGone = true;
        stuckThreads.delete(this);
        resolve();
        this.#tell((events) => {
          // What the thread had said before it ended comes first.
          this.drain();
          port1.close();
          events.exited(exitCode);
        });
      });
    });
  }

  /**
   * Give it its boot, which it waits for; once, and also when it has ended already. Nothing is told during this call.
   */
  begin(boot: ThreadPart, events: PrivateThreadEvents): void {
    this.#wireMemory = boot.wire && new WireMemory(boot.wire.handle);
    this.#port.on('message', (message: unknown) => {
      this.#receive(message);
    });
    this.#port.on('messageerror', (error) => {
      events.dropped(`a message that cannot be decoded came from its thread: ${error.message}`);
    });
    // The worker keeps the process alive, not its port.
    this.#port.unref();
    this.#port.postMessage({ ...boot, gate: this.#gate, foreignLoader: this.#foreignLoader } satisfies ThreadBoot);
    tellBoot(this.#bootWord);
    this.#events = events;
    nextTick(() => {
      for (const tell of this.#untold.splice(0)) tell(events);
    });
  }

  /** @param moved - Memory that goes along: this thread has it no more. */
  post(message: ToThread, moved: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, moved);
  }

  /** Receive what has come, now. */
  drain(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      this.#receive(next.message);
    }
  }

  /** Whether the thread keeps the process alive. */
  keepAlive(active: boolean): void {
    if (active === this.#isActive) return;
    this.#isActive = active;
    if (active) this.#worker.ref();
    else this.#worker.unref();
  }

  /** End the thread by force: at once, unless it is in native code or in the middle of a message. */
  terminate(): void {
    // What it had said last may ask for its end.
    if (this.#isGone) return;
    stuckThreads.add(this);
    shutGate(
      this.#gate,
      () => this.#wireMemory?.isInside ?? false,
      () => {
        void this.#worker.terminate();
      },
    );
  }

  #receive(given: unknown): void {
    const message = checkFromThread(given);
    if (message) this.#events?.message(message);
    else this.#events?.dropped('its thread sent a message that the protocol does not have; it was dropped');
  }

  #tell(event: (events: PrivateThreadEvents) => void): void {
    if (this.#events) event(this.#events);
    else this.#untold.push(event);
  }
}
