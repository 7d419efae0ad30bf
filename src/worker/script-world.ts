/** An SPMD world: every rank runs the same script; the first failure ends all. */
import type { RecordMemory } from '../records/record-layout.js';
import { createRecordMemory } from '../records/record-layout.js';
import { clearTimeout, setTimeout } from '../clock.js';
import { CancelledError } from '../errors.js';
import { compileKernels } from '../kernels/wasm-module.js';
import type { ScriptSettings } from '../protocol/control-messages.js';
import type { CancelMessage } from '../protocol/thread-messages.js';
import { encodeValue } from '../protocol/values.js';
import type { AbortKind } from '../backend/abort-reason.js';
import { encodeAbort } from '../backend/abort-reason.js';
import type { HostWindow } from '../backend/window/node-window.js';
import { threadsWindow } from '../backend/window/node-window.js';
import { threadMembers } from './members.js';
import type { ScriptExit } from './script-thread.js';
import { defaultSettings, startScriptThread } from './private-thread.js';
import { ScriptThread, worldGrant, worldTaskId } from './script-thread.js';

/** The ranks of a world, whatever they are. */
export interface ScriptRanks {
  readonly size: number;
  /** Start a rank; `exited` is called once. */
  start(rank: number, exited: (exit: ScriptExit) => void): void;
  /** Set the world's abort word, unless it is set, and abort every rank's `context.signal`. */
  abort(kind: AbortKind, rank: number | undefined): void;
  /** End every rank by force. */
  terminate(): void;
}

/** Runs once. */
export class ScriptWorld {
  readonly #ranks: ScriptRanks;
  readonly #graceMs: number;
  readonly #exitCodes: number[] = [];
  /** The first that was reported, or the signal's. */
  #exitCode = 0;
  #failedFirst: number | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** @param graceMs - From a failure or a signal until ranks that go on are ended by force. */
  constructor(ranks: ScriptRanks, graceMs: number) {
    this.#ranks = ranks;
    this.#graceMs = graceMs;
  }

  /**
   * Resolves, when every rank has ended, with the exit code of the first that failed, else 0.
   *
   * @throws What a rank that cannot be started throws; all others are ended.
   */
  async run(): Promise<number> {
    const exits = Array.from({ length: this.#ranks.size }, (_, rank) => this.#start(rank));
    try {
      await Promise.all(exits);
    } catch (error) {
      this.#ranks.terminate();
      throw error;
    }
    clearTimeout(this.#grace);
    // Exits are reported in any order: the abort word knows who failed first.
    return (this.#failedFirst !== undefined && this.#exitCodes[this.#failedFirst]) || this.#exitCode;
  }

  /**
   * End the world: collectives fail and `context.signal` aborts at once, what goes on is ended after the grace time.
   */
  interrupt(exitCode: number): void {
    if (this.#exitCode === 0) this.#exitCode = exitCode;
    this.#abort('cancelled', undefined);
  }

  /** End every rank by force, at once and without a word of theirs. */
  end(exitCode: number): void {
    if (this.#exitCode === 0) this.#exitCode = exitCode;
    this.#ranks.terminate();
  }

  #start(rank: number): Promise<void> {
    return new Promise((resolve) => {
      this.#ranks.start(rank, ({ exitCode, died, failedFirst }) => {
        this.#exitCodes[rank] = exitCode;
        this.#failedFirst ??= failedFirst;
        if (exitCode !== 0) {
          if (this.#exitCode === 0) this.#exitCode = exitCode;
          this.#abort(died ? 'workerDied' : 'taskExited', rank);
        }
        resolve();
      });
    });
  }

  #abort(kind: AbortKind, rank: number | undefined): void {
    this.#ranks.abort(kind, rank);
    this.#grace ??= setTimeout(() => {
      this.#ranks.terminate();
    }, this.#graceMs);
  }
}

/** What a rank is told when its world ends early. */
export function worldCancel(kind: AbortKind): CancelMessage {
  const reason = encodeValue(new CancelledError(`the world is ending: ${kind}`), 'reason');
  return { type: 'cancel', taskId: worldTaskId, reason };
}

/** Ranks that are threads of this process. */
export class ThreadScriptRanks implements ScriptRanks {
  readonly size: number;
  readonly #window: HostWindow;
  readonly #records: RecordMemory;
  readonly #script: ScriptSettings;
  readonly #readerGone: () => void;
  readonly #threads: ScriptThread[] = [];

  constructor(size: number, windowBytes: number | false, script: ScriptSettings, readerGone: () => void) {
    this.size = size;
    this.#readerGone = readerGone;
    this.#window = threadsWindow(compileKernels(), size, windowBytes);
    this.#records = createRecordMemory(size);
    this.#script = script;
  }

  start(rank: number, exited: (exit: ScriptExit) => void): void {
    const members = threadMembers(this.size);
    const memory = { window: this.#window, wire: undefined, records: this.#records };
    const thread = startScriptThread(rank, defaultSettings);
    try {
      const events = { exited, readerGone: this.#readerGone };
      this.#threads[rank] = new ScriptThread(rank, members, memory, this.#script, thread, events);
    } catch (error) {
      // It waits for its boot, and would keep this process.
      thread.terminate();
      throw error;
    }
  }

  abort(kind: AbortKind, rank: number | undefined): void {
    this.#window.node.abort(worldGrant.slot, worldGrant.lease, encodeAbort(kind, rank));
    for (const [other, thread] of this.#threads.entries()) {
      this.#window.notify(other);
      thread.cancel(worldCancel(kind));
    }
  }

  terminate(): void {
    for (const thread of this.#threads) thread.terminate();
  }
}
