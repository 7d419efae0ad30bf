/** One rank of an SPMD world as its control side holds it: a thread that runs the script, and where its output goes. */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { clearTimeout, setTimeout } from '../clock.js';
import type { MemberInfo } from '../errors.js';
import { LaunchError } from '../errors.js';
import { isError } from '../show.js';
import { makeFolders } from '../native/make-folders.js';
import { openOutput } from '../native/output-file.js';
import type { ScriptSettings } from '../protocol/control-messages.js';
import type { CancelMessage, OutputBoot } from '../protocol/thread-messages.js';
import type { RecordMemory } from '../records/record-layout.js';
import type { RankMemory } from './join-job.js';
import type { PrivateThread, ThreadPart } from './private-thread.js';

/** A script that sits in native code for good is left behind after this time. */
const stubbornLimitMs = 3_000;

/** The world's only lease. */
export const worldGrant = { lease: 1, slot: 0 } as const;
/** Its name in messages and errors. */
export const worldTaskId = 'world';

/** How a rank's script ended. */
export interface ScriptExit {
  readonly exitCode: number;
  /** By a crash: the exit code is then 1 or more. */
  readonly died: boolean;
  /** The rank that failed first, as the abort word has it. */
  readonly failedFirst: number | undefined;
}

/** What is told of it. */
export interface ScriptEvents {
  /** Once. */
  exited(exit: ScriptExit): void;
  /** Nobody reads the output of this process any more. */
  readerGone(): void;
}

/** Names of a rank's two files. */
export type OutputKind = 'out' | 'err';

/** Where a rank's output goes, in the folder that was asked for. */
export function outputPath(folder: string, rank: number, kind: OutputKind): string {
  return join(folder, `rank-${rank}.${kind}`);
}

/** Runs the script at once. */
export class ScriptThread {
  readonly #thread: PrivateThread;
  readonly #files: number[] = [];
  readonly #rank: number;
  readonly #isProcess: boolean;
  readonly #events: ScriptEvents;
  #limit: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    rank: number,
    members: readonly MemberInfo[],
    { window, wire, records }: RankMemory,
    script: ScriptSettings,
    thread: PrivateThread,
    events: ScriptEvents,
  ) {
    const { url, argv, timeoutMs, label } = script;
    this.#rank = rank;
    this.#isProcess = window.bells !== undefined || wire !== undefined;
    this.#events = events;
    const communicator = wire?.world ?? -1;
    window.node.bind(worldGrant.slot, worldGrant.lease);
    const boot: ThreadPart = {
      window: window.node.handle,
      seal: window.node.seal,
      bells: window.bells,
      posts: undefined,
      ahead: undefined,
      heap: undefined,
      awake: undefined,
      wire,
      worldRank: rank,
      records,
      output: this.#output(rank, script),
      script: { url, argv, timeoutMs, lease: { ...worldGrant, taskId: worldTaskId, rank, communicator, members } },
    };
    const mark = label === 'rank' ? `${rank} | ` : '';
    let died = false;
    this.#thread = thread;
    thread.begin(boot, {
      message: (message) => {
        if (message.type === 'warning') process.stderr.write(`${mark}${message.message}\n`);
        else if (message.type === 'readerGone') events.readerGone();
      },
      dropped: (why) => process.stderr.write(`${mark}${why}\n`),
      failed: (error) => {
        died = true;
        process.stderr.write(`${mark}${isError(error) ? (error.stack ?? error.message) : inspect(error)}\n`);
      },
      exited: (code) => {
        for (const file of this.#files) closeSync(file);
        window.node.markDead(worldGrant.slot, rank);
        const failedFirst = window.node.abortReason(window.node.layout.slot(worldGrant.slot))?.rank;
        this.#end({ exitCode: died && code === 0 ? 1 : code, died, failedFirst });
      },
    });
  }

  cancel(message: CancelMessage): void {
    this.#thread.post(message);
  }

  /** Note its calls where others read them too. */
  noteIn(memory: RecordMemory): void {
    this.#thread.post({ type: 'records', memory });
  }

  /** End the script by force; a thread in native code is left behind after a while, and counts as dead. */
  terminate(): void {
    this.#thread.terminate();
    // A rank that is a process is ended with it.
    if (this.#isOver || this.#isProcess) return;
    this.#limit ??= setTimeout(() => {
      this.#thread.keepAlive(false);
      process.stderr.write(`rank ${this.#rank}: its thread sits in native code and could not be ended\n`);
      this.#end({ exitCode: 1, died: true, failedFirst: undefined });
    }, stubbornLimitMs);
  }

  #end(exit: ScriptExit): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#limit);
    this.#events.exited(exit);
  }

  #output(rank: number, { outputDir, label }: ScriptSettings): OutputBoot {
    if (outputDir === undefined) return { stdout: 1, stderr: 2, label, log: undefined };
    const open = (kind: OutputKind): number => {
      const path = outputPath(outputDir, rank, kind);
      try {
        makeFolders(outputDir);
        const file = openOutput(path, true);
        this.#files.push(file);
        return file;
      } catch (cause) {
        for (const file of this.#files) closeSync(file);
        const why = (cause as Error).message;
        throw new LaunchError(`cannot write the output of rank ${rank} to ${path}: ${why}`, { path }, { cause });
      }
    };
    return { stdout: open('out'), stderr: open('err'), label: 'none', log: undefined };
  }
}
