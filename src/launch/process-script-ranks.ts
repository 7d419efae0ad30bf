/** Ranks of an SPMD world that are processes under an `mpiexec` of ours. */
import { constants } from 'node:os';
import { clearTimeout, setTimeout } from '../clock.js';
import type { WorkerDiedError } from '../errors.js';
import type { ScriptRanks } from '../worker/script-world.js';
import { worldCancel } from '../worker/script-world.js';
import type { ScriptExit } from '../worker/script-thread.js';
import { worldGrant } from '../worker/script-thread.js';
import type { AbortKind } from '../backend/abort-reason.js';
import type { WorkerReport } from '../protocol/node-messages.js';
import { encodeAbort } from '../backend/abort-reason.js';
import type { JobOptions } from './job-options.js';
import { MpiJob } from './mpi-job.js';
import type { Nodes } from './nodes.js';

/** A script that sits in native code for good is ended with its process after this time. */
const stubbornLimitMs = 3_000;

/** Runs once. */
export class ProcessScriptRanks implements ScriptRanks {
  readonly size: number;
  readonly #job: MpiJob;
  readonly #nodes: Nodes;
  readonly #exits = new Map<number, ScriptExit>();
  readonly #waiting = new Map<number, (exit: ScriptExit) => void>();
  #stubborn: NodeJS.Timeout | undefined;

  constructor(options: JobOptions) {
    this.size = options.ranks;
    this.#nodes = options.nodes;
    this.#job = new MpiJob(options, {
      message: (rank, message) => {
        this.#receive(rank, message);
      },
      died: (rank, error) => {
        this.#died(rank, error);
      },
      refused: (text) => {
        process.stderr.write(`shoal: ${text}\n`);
      },
    });
  }

  /** Start the processes; each begins its script when all have joined. @throws {@link LaunchError} */
  open(signal: AbortSignal): Promise<void> {
    return this.#job.start(signal);
  }

  /**
   * Resolves when every process is gone and, unless that is to be quick, everything that they have printed was read.
   */
  async close(isQuick: boolean): Promise<void> {
    clearTimeout(this.#stubborn);
    await this.#job.close(!isQuick);
    await this.#nodes.close();
  }

  start(rank: number, exited: (exit: ScriptExit) => void): void {
    const exit = this.#exits.get(rank);
    if (exit) exited(exit);
    else this.#waiting.set(rank, exited);
  }

  abort(kind: AbortKind, rank: number | undefined): void {
    for (let to = 0; to < this.size; to++) {
      this.#job.send(to, { type: 'abort', ...worldGrant, reason: encodeAbort(kind, rank) });
      this.#job.send(to, worldCancel(kind));
    }
  }

  terminate(): void {
    for (let rank = 0; rank < this.size; rank++) this.#job.send(rank, { type: 'end' });
    this.#stubborn ??= setTimeout(() => {
      const text = `was ended: its script could not be ended in ${stubbornLimitMs} ms`;
      for (const rank of this.#waiting.keys()) this.#job.kill(rank, text, 'SIGKILL');
    }, stubbornLimitMs);
  }

  #receive(rank: number, message: WorkerReport): void {
    if (message.type === 'exited') this.#exited(rank, message);
    else if (message.type === 'warning') process.stderr.write(`${rank} | ${message.message}\n`);
  }

  #died(rank: number, error: WorkerDiedError): void {
    if (this.#exits.has(rank)) return;
    process.stderr.write(`${rank} | ${error.message}\n`);
    const number = constants.signals[error.signal as NodeJS.Signals];
    const exitCode = error.signal === undefined ? 1 : 128 + number;
    // Whoever it was, its peers wait for it in shared memory.
    for (let to = 0; to < this.size; to++) this.#job.send(to, { type: 'markDead', slot: worldGrant.slot, rank });
    this.#exited(rank, { exitCode, died: true, failedFirst: undefined });
  }

  #exited(rank: number, exit: ScriptExit): void {
    if (this.#exits.has(rank)) return;
    this.#exits.set(rank, exit);
    const waiting = this.#waiting.get(rank);
    this.#waiting.delete(rank);
    waiting?.(exit);
  }
}
