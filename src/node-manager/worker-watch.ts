/** One worker's process: known by pid and start time, signalled and watched without mistaking another for it. */
import { constants } from 'node:os';
import { nowMs, setTimeout } from '../clock.js';
import type { ExitKind } from '../errors.js';
import { WorkerDiedError } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import { nodeIdentity, outOfMemoryKills, processUsage, readProcess } from '../native/proc.js';
import type { ProcessUsage } from '../native/proc.js';
import type { RankRow } from '../protocol/control-messages.js';

const pollMs = 2;
/** How long a parent may take to ask how its child has ended. */
const statusLimitMs = 300;

/** Watches a process of this host; of another host's it knows the row alone. */
export class WorkerWatch {
  readonly row: RankRow;
  readonly #os: OsAddon;
  #descriptor: number | undefined;
  /** Why we ended it, when we did. */
  #reason: { text: string; signal: string } | undefined;
  /** Processes of its control group that the kernel had killed for lack of memory when it started. */
  readonly #killsBefore: number;

  constructor(os: OsAddon, row: RankRow) {
    this.#os = os;
    this.row = row;
    this.#descriptor = isHere(row) ? openWorker(os, row) : undefined;
    this.#killsBefore = outOfMemoryKills();
  }

  /** Stopped by a signal, such as SIGSTOP: it lives and does nothing. */
  get stopped(): boolean {
    return isHere(this.row) && readProcess(this.row.pid)?.state === 'T';
  }

  /** What the process uses; undefined when it is gone, even if its pid is in use again. */
  get usage(): ProcessUsage | undefined {
    return isHere(this.row) ? processUsage(this.row) : undefined;
  }

  /** End the process at once; `text` and `signal` go into the error of its death. */
  kill(text: string, signal: string): void {
    this.#reason ??= { text, signal };
    this.#signal('SIGKILL');
  }

  /** The process is gone. */
  get ended(): boolean {
    return this.#descriptor === undefined || this.#os.processEnded(this.#descriptor) === 1;
  }

  /** Resolves when the process is gone, for whatever reason; one that lingers without its socket is ended. */
  async gone(): Promise<void> {
    this.#signal('SIGKILL');
    while (!this.ended) await new Promise((resolve) => setTimeout(resolve, pollMs));
    const descriptor = this.#descriptor;
    if (descriptor === undefined || this.#reason) return;
    // How it ended is known once its parent has asked, which is mpiexec or its proxy.
    const end = nowMs() + statusLimitMs;
    while (this.#os.exitStatus(descriptor) < 0 && nowMs() < end) {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** The error that says how it ended, with what it has printed last; after `gone`. */
  error(lastOutput: string): WorkerDiedError {
    const { rank, pid, hostname } = this.row;
    const { text, signal, exitKind } = this.#reason ? { ...this.#reason, exitKind: 'ended' as const } : this.#end();
    const said = lastOutput === '' ? '' : `. Its last output:\n${lastOutput}`;
    const what = `process ${pid} on ${hostname} ${text}${said}`;
    return new WorkerDiedError(what, { worldRank: rank, pid, hostname, signal, exitKind });
  }

  close(): void {
    if (this.#descriptor !== undefined) this.#os.closeDescriptor(this.#descriptor);
    this.#descriptor = undefined;
  }

  #end(): { text: string; signal: string | undefined; exitKind: ExitKind } {
    const status = this.#descriptor === undefined ? -1 : this.#os.exitStatus(this.#descriptor);
    if (status < 0) return { text: 'ended, the system does not say how', signal: undefined, exitKind: 'unknown' };
    const number = status & 0x7f;
    if (number === 0) {
      return { text: `exited with code ${(status >> 8) & 0xff}`, signal: undefined, exitKind: 'exit' };
    }
    const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
    if (signal === 'SIGKILL' && outOfMemoryKills() > this.#killsBefore) {
      return { text: 'was ended by SIGKILL, by the kernel for lack of memory', signal, exitKind: 'out-of-memory' };
    }
    return { text: `was ended by ${signal}`, signal, exitKind: 'signal' };
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#descriptor !== undefined) this.#os.signalProcess(this.#descriptor, constants.signals[signal]);
  }
}

function isHere({ bootId, pidNamespace }: RankRow): boolean {
  const own = nodeIdentity();
  return own.bootId === bootId && own.pidNamespace === pidNamespace;
}

/** Undefined when the process has ended already, even if its pid is in use again. */
function openWorker(os: OsAddon, { pid, startTime }: RankRow): number | undefined {
  let descriptor: number;
  try {
    descriptor = os.openProcess(pid);
  } catch {
    return undefined; // it is gone
  }
  if (readProcess(pid)?.startTime === startTime) return descriptor;
  os.closeDescriptor(descriptor);
  return undefined;
}
