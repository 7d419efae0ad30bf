/** A thread that runs user code, as its control side holds it: the worker, and the private port to it. */
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { assetPath } from '../asset.js';
import { createGate, shutGate } from '../backend/wire/thread-gate.js';
import { WireMemory } from '../backend/wire/wire-memory.js';
import type { ThreadSettings } from '../protocol/control-messages.js';
import type { FromThread, ThreadBoot, ToThread } from '../protocol/thread-messages.js';
import { checkFromThread } from '../protocol/thread-shapes.js';
import type { PrivateBoot } from './private-port.js';
import { stuckThreads } from './stuck-threads.js';
import { threadArguments } from './node-arguments.js';

/** What is told of a thread; `exited` comes last. */
export interface PrivateThreadEvents {
  message(message: FromThread): void;
  /** Something came that is dropped. */
  dropped(why: string): void;
  /** An error that no code of the thread caught. */
  failed(error: unknown): void;
  exited(exitCode: number): void;
}

/** Starts at once. */
export class PrivateThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #events: PrivateThreadEvents;
  readonly #gate = createGate();
  readonly #wireMemory: WireMemory | undefined;
  #isActive = true;

  constructor(boot: Omit<ThreadBoot, 'gate'>, name: string, threads: ThreadSettings, events: PrivateThreadEvents) {
    const { env, execArgv, resourceLimits } = threads;
    const own = execArgv ?? threadArguments(process.execArgv);
    const { port1, port2 } = new MessageChannel();
    const workerData: PrivateBoot = { boot: { ...boot, gate: this.#gate }, port: port2 };
    this.#wireMemory = boot.wire && new WireMemory(boot.wire.handle);
    this.#port = port1;
    this.#events = events;
    this.#worker = new Worker(assetPath('#task-thread'), {
      workerData,
      transferList: [port2],
      name,
      ...(env && { env: { ...process.env, ...env } }),
      ...(own && { execArgv: [...own] }),
      ...(resourceLimits && { resourceLimits }),
    });
    port1.on('message', (message: unknown) => {
      this.#receive(message);
    });
    port1.on('messageerror', (error) => {
      events.dropped(`a message that cannot be decoded came from its thread: ${error.message}`);
    });
    // The worker keeps the process alive, not its port.
    port1.unref();
    // What comes here was posted by user code on `parentPort`.
    let told = false;
    const posted = (): void => {
      if (told) return;
      told = true;
      events.dropped(
        'what a task posts on parentPort reaches nobody: its driver is no owner of this thread; return the value, or use ' +
          "context.post(value), which pool.on('message') hears",
      );
    };
    this.#worker.on('message', posted);
    this.#worker.on('messageerror', posted);
    this.#worker.on('error', (error: unknown) => {
      events.failed(error);
    });
    this.#worker.on('exit', (exitCode) => {
      // What the thread had said before it ended comes first.
      this.drain();
      port1.close();
      stuckThreads.delete(this);
      events.exited(exitCode);
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
    if (message) this.#events.message(message);
    else this.#events.dropped('its thread sent a message that the protocol does not have; it was dropped');
  }
}
