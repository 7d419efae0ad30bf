/** One rank's process as the head sees it: known by pid and start time, signalled and watched without mistaking it. */
import { constants } from 'node:os';
import { WorkerDiedError } from '../errors.js';
import type { OsAddon } from '../native/os.js';
import { hostIdentity, readProcess } from '../native/proc.js';
import type { RankRow } from '../protocol/control-messages.js';

const pollMs = 2;
/** How long a parent may take to ask how its child has ended. */
const statusLimitMs = 300;

/** Watches a process of this host; of another host's it knows the row alone. */
export class RankWatch {
  readonly row: RankRow;
  readonly #os: OsAddon;
  #descriptor: number | undefined;
  /** Why we ended it, when we did. */
  #reason: { text: string; signal: string } | undefined;

  constructor(os: OsAddon, row: RankRow) {
    this.#os = os;
    this.row = row;
    this.#descriptor = isHere(row) ? openRank(os, row) : undefined;
  }

  /** Stopped by a signal, such as SIGSTOP: it lives and does nothing. */
  get stopped(): boolean {
    return isHere(this.row) && readProcess(this.row.pid)?.state === 'T';
  }

  /** End the process at once; `text` and `signal` go into the error of its death. */
  kill(text: string, signal: string): void {
    this.#reason ??= { text, signal };
    this.#signal('SIGKILL');
  }

  /** Resolves when the process is gone, for whatever reason; one that lingers without its socket is ended. */
  async gone(): Promise<void> {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#signal('SIGKILL');
    while (this.#os.processEnded(descriptor) === 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
    if (this.#reason) return;
    // How it ended is known once its parent has asked, which is mpiexec or its proxy.
    const end = performance.now() + statusLimitMs;
    while (this.#os.exitStatus(descriptor) < 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /** The error that says how it ended; after `gone`. */
  error(): WorkerDiedError {
    const { rank, pid, hostname } = this.row;
    const { text, signal } = this.#reason ?? this.#end();
    return new WorkerDiedError(`process ${pid} on ${hostname} ${text}`, { worldRank: rank, pid, hostname, signal });
  }

  close(): void {
    if (this.#descriptor !== undefined) this.#os.closeDescriptor(this.#descriptor);
    this.#descriptor = undefined;
  }

  #end(): { text: string; signal: string | undefined } {
    const status = this.#descriptor === undefined ? -1 : this.#os.exitStatus(this.#descriptor);
    if (status < 0) return { text: 'ended, the system does not say how', signal: undefined };
    const number = status & 0x7f;
    if (number === 0) return { text: `exited with code ${(status >> 8) & 0xff}`, signal: undefined };
    const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
    return { text: `was ended by ${signal}`, signal };
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#descriptor !== undefined) this.#os.signalProcess(this.#descriptor, constants.signals[signal]);
  }
}

function isHere({ bootId, pidNamespace }: RankRow): boolean {
  const own = hostIdentity();
  return own.bootId === bootId && own.pidNamespace === pidNamespace;
}

/** Undefined when the process has ended already, even if its pid is in use again. */
function openRank(os: OsAddon, { pid, startTime }: RankRow): number | undefined {
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
