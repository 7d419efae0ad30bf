/** A task thread as the control side holds it. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerEvents } from '../head/worker-side.js';
import type { ThreadSettings } from '../protocol/control-messages.js';
import type { FromThread, ThreadBoot, ToThread } from '../protocol/messages.js';
import { encodeValue } from '../protocol/values.js';
import type { HostWindow } from '../window/node-window.js';
import type { MpiWire } from '../wire/mpi-messages.js';
import { namesLoader } from './load-module.js';
import { logPath } from './log-file.js';

/** How to start threads; all filled. */
export interface ThreadOptions {
  readonly startTimeoutMs: number;
  readonly threads: ThreadSettings;
  /** Set where the ranks share no memory. */
  readonly wire: MpiWire | undefined;
}

/** How a thread ended. */
export type Gone = Parameters<WorkerEvents['gone']>[2];

interface ThreadEvents {
  started(): void;
  message(message: Exclude<FromThread, { type: 'ready' }>): void;
  exited(how: Gone): void;
}

/** Starts at once; never restarts. */
export class TaskThread {
  ready = false;
  /** Ended by us: no crash. */
  ending = false;
  error: Error | undefined;
  /** The last lease it was given. */
  lease = 0;
  /** Has a task whose outcome is still to come. */
  busy = false;
  /** An error escaped in it outside its task: to be replaced when the task it has, if any, has ended. */
  stale = false;
  readonly worker: Worker;
  /** Resolves when the thread is gone. */
  readonly exit: Promise<void>;
  /** Resolves when the thread before it on this worker is gone; undefined once it is. */
  #predecessor: Promise<void> | undefined;

  constructor(worldRank: number, window: HostWindow, options: ThreadOptions, events: ThreadEvents) {
    const { env, execArgv, resourceLimits, logDir } = options.threads;
    const boot: ThreadBoot = {
      kind: 'shoal-task-thread',
      window: window.node.handle,
      bells: window.bells,
      wire: options.wire,
      worldRank,
      output: { stdout: 1, stderr: 2, label: 'task', log: logDir && logPath(logDir, worldRank) },
      script: undefined,
      foreignLoader: namesLoader(execArgv ?? process.execArgv),
    };
    this.worker = new Worker(taskThreadFile(), {
      workerData: boot,
      name: `shoal worker ${worldRank}`,
      ...(env && { env: { ...process.env, ...env } }),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(resourceLimits && { resourceLimits }),
    });
    this.worker.on('message', (message: FromThread) => {
      if (message.type !== 'ready') {
        events.message(message);
        return;
      }
      this.ready = true;
      events.started();
    });
    this.worker.on('error', (error: Error) => (this.error = error));
    this.exit = new Promise((resolve) => {
      this.worker.on('exit', (exitCode) => {
        resolve();
        events.exited(this.#howGone(exitCode));
      });
    });
  }

  /** Take another thread's place: messages wait until that one is gone, since both use the same part of the window. */
  follow(old: TaskThread | undefined): void {
    this.#predecessor = old?.exit.then(() => {
      this.#predecessor = undefined;
    });
  }

  post(message: ToThread): void {
    if (!this.#predecessor) {
      this.worker.postMessage(message);
      return;
    }
    void this.#predecessor.then(() => {
      this.worker.postMessage(message);
    });
  }

  /** End the thread by force. */
  end(): void {
    this.ending = true;
    void this.worker.terminate();
  }

  #howGone(exitCode: number): Gone {
    if (this.ending) return { kind: 'ended' };
    return this.error ? { kind: 'died', error: encodeValue(this.error, 'error') } : { kind: 'exited', exitCode };
  }
}

/** File of the task thread's entry. */
export function taskThreadFile(): string {
  return fileURLToPath(import.meta.resolve('#task-thread'));
}
