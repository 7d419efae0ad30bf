/** An SPMD world of threads: every rank runs the same script. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CancelledError, LaunchError } from '../errors.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type { CancelMessage, OutputBoot, ThreadBoot } from '../protocol/messages.js';
import { encodeValue } from '../protocol/values.js';
import type { AbortKind } from '../window/abort-reason.js';
import { encodeAbort } from '../window/abort-reason.js';
import type { NodeWindow } from '../window/node-window.js';
import { createWindow } from '../window/node-window.js';
import { namesLoader } from './load-module.js';
import { taskThreadFile } from './thread-handle.js';

/** What to run and how. */
export interface ScriptWorldOptions {
  readonly workers: number;
  readonly windowBytes: number;
  readonly url: string;
  readonly argv: readonly string[];
  readonly timeoutMs: number | null;
  /** Time from a failure or a signal until ranks that go on are ended by force, in milliseconds. */
  readonly graceMs: number;
  readonly label: boolean;
  /** Folder for `rank-N.out` and `rank-N.err`; undefined: this process's output. */
  readonly outputDir: string | undefined;
}

const slot = 0;
const taskId = 'world';

/** Runs once. */
export class ScriptWorld {
  readonly #options: ScriptWorldOptions;
  readonly #window: NodeWindow;
  readonly #workers: Worker[] = [];
  readonly #files: number[] = [];
  readonly #exitCodes: number[] = [];
  /** The first that was reported, or the signal's. */
  #exitCode = 0;
  #grace: NodeJS.Timeout | undefined;

  constructor(options: ScriptWorldOptions) {
    this.#options = options;
    this.#window = createWindow(compileKernels(), options.workers, options.windowBytes);
    this.#window.grant(slot);
  }

  /** Resolves, when every rank has ended, with the exit code of the first that failed, else 0. */
  async run(): Promise<number> {
    const { workers, outputDir } = this.#options;
    if (outputDir !== undefined) mkdirSync(outputDir, { recursive: true });
    const exits = Array.from({ length: workers }, (_, rank) => this.#start(rank));
    await Promise.all(exits);
    clearTimeout(this.#grace);
    for (const file of this.#files) closeSync(file);
    // Exits are reported in any order: the abort word knows who failed first.
    const first = this.#window.abortReason(this.#window.layout.slot(slot))?.rank;
    return (first !== undefined && this.#exitCodes[first]) || this.#exitCode;
  }

  /** End the world: collectives fail and `context.signal` aborts at once, what goes on is ended after the grace time. */
  interrupt(exitCode: number): void {
    if (this.#exitCode === 0) this.#exitCode = exitCode;
    this.#abort('cancelled', undefined);
  }

  #start(rank: number): Promise<void> {
    const { workers, url, argv, timeoutMs } = this.#options;
    const members = Array.from({ length: workers }, (_, member) => {
      return { rank: member, worldRank: member, pid: process.pid, hostname: hostname() };
    });
    const boot: ThreadBoot = {
      kind: 'shoal-task-thread',
      window: this.#window.handle,
      worldRank: rank,
      output: this.#output(rank),
      script: { url, argv, timeoutMs, lease: { lease: 1, slot, taskId, rank, members } },
      foreignLoader: namesLoader(process.execArgv),
    };
    const worker = new Worker(taskThreadFile(), { workerData: boot, name: `shoal rank ${rank}` });
    this.#workers.push(worker);
    let died = false;
    worker.on('error', (error) => {
      died = true;
      process.stderr.write(`${this.#options.label ? `${rank} | ` : ''}${error.stack ?? error.message}\n`);
    });
    return new Promise((resolve) => {
      worker.on('exit', (code) => {
        const exitCode = died && code === 0 ? 1 : code;
        this.#window.markDead(slot, rank);
        this.#exitCodes[rank] = exitCode;
        if (exitCode !== 0) {
          if (this.#exitCode === 0) this.#exitCode = exitCode;
          this.#abort(died ? 'workerDied' : 'taskExited', rank);
        }
        resolve();
      });
    });
  }

  #output(rank: number): OutputBoot {
    const { outputDir, label } = this.#options;
    if (outputDir === undefined) return { stdout: 1, stderr: 2, label: label ? 'rank' : 'none' };
    const open = (kind: string): number => {
      const path = join(outputDir, `rank-${rank}.${kind}`);
      try {
        const file = openSync(path, 'w');
        this.#files.push(file);
        return file;
      } catch (cause) {
        throw new LaunchError(`cannot write the output of rank ${rank} to ${path}`, { path }, { cause });
      }
    };
    return { stdout: open('out'), stderr: open('err'), label: 'none' };
  }

  #abort(kind: AbortKind, rank: number | undefined): void {
    this.#window.abort(slot, encodeAbort(kind, rank));
    const reason = encodeValue(new CancelledError(`the world is ending: ${kind}`), 'reason');
    const message: CancelMessage = { type: 'cancel', taskId, reason };
    for (const [other, worker] of this.#workers.entries()) {
      this.#window.ring(other);
      worker.postMessage(message);
    }
    this.#grace ??= setTimeout(() => {
      for (const worker of this.#workers) void worker.terminate();
    }, this.#options.graceMs);
  }
}
