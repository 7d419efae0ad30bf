/** One run of `mpiexec`: its process, what it reads and prints, and its end. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StringDecoder } from 'node:string_decoder';
import { readProcess } from '../native/proc.js';
import type { ProcessIdentity } from '../protocol/control-messages.js';
import { launcherEnvironment } from '../worker/launcher-environment.js';
import type { MpiCommand } from './command-line.js';
import { feedInput } from './input-relay.js';
import { OutputRelay } from './output-relay.js';

/** How much of what mpiexec printed goes into an error. */
const tailLength = 4_000;
/** Time for what it has printed to arrive. */
const drainMs = 20;

/** What the first rank finds on standard input: nothing, what this process has on its own, or a text. */
export type MpiexecInput = 'none' | 'own' | { readonly text: string };

/** Starts at once. */
export class Mpiexec {
  readonly identity: ProcessIdentity;
  /** Resolves with how its process ended: `exit code 1`, `SIGKILL`, or why it could not be started. */
  readonly exit: Promise<string>;
  /** Resolves when it has ended and everything that was printed is passed on. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #input: MpiexecInput;
  readonly #outputs: readonly OutputRelay[];
  readonly #decoder = new StringDecoder('utf8');
  #tail = '';
  #hasStarted = false;
  #exited = false;
  #endInput: (() => void) | undefined;

  constructor({ command, args, env }: MpiCommand, more: Readonly<Record<string, string>>, input: MpiexecInput) {
    this.#input = input;
    this.#child = spawn(command, args, {
      env: { ...launcherEnvironment(), ...env, ...more },
      // It gets SIGPIPE from nobody, reads no terminal, and does not wait for a reader of ours by itself.
      stdio: [input === 'none' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // Ctrl-C at a terminal reaches the driver alone, which then ends the job in order.
      detached: true,
    });
    // Whoever ends before it has read has told so by its end.
    this.#child.stdin?.on('error', () => undefined);
    if (typeof input === 'object') this.#child.stdin?.end(input.text);
    const pid = this.#child.pid ?? -1;
    this.identity = { pid, startTime: readProcess(pid)?.startTime ?? -1 };
    const [stdout, stderr] = [this.#child.stdout as Socket | null, this.#child.stderr as Socket | null];
    this.#outputs = [
      ...(stdout ? [new OutputRelay(stdout, () => process.stdout, false)] : []),
      ...(stderr ? [new OutputRelay(stderr, () => process.stderr, true)] : []),
    ];
    stderr?.on('data', (chunk: Buffer) => {
      if (!this.#hasStarted) this.#tail = (this.#tail + this.#decoder.write(chunk)).slice(-tailLength);
    });
    const outputEnd = Promise.all(this.#outputs.map(({ end }) => end));
    this.exit = this.#exit().then(async (how) => {
      this.#exited = true;
      this.#endInput?.();
      await Promise.race([outputEnd, sleep(drainMs)]);
      return how;
    });
    this.ended = this.exit.then(async () => {
      await Promise.all(this.#outputs.map((output) => output.finish()));
    });
  }

  /** What it and the ranks have printed on standard error during the start. */
  get tail(): string {
    return this.#tail.trim();
  }

  /** A reader of ours has to take something before more can come. */
  get isStalled(): boolean {
    return this.#outputs.some(({ isStalled }) => isStalled);
  }

  /** Counts what was printed, in pieces. */
  get chunks(): number {
    return this.#outputs.reduce((sum, { chunks }) => sum + chunks, 0);
  }

  /**
   * Its ranks are there: standard error is passed on, beginning with what was kept, and the first rank gets its input.
   *
   * @param firstPid - Process of that rank.
   */
  started(firstPid: number): void {
    this.#tail = '';
    this.#hasStarted = true;
    for (const output of this.#outputs) output.pass();
    // Not earlier: the launcher of MPICH ends with its ranks not yet started when there is something to read.
    const { stdin } = this.#child;
    if (this.#input === 'own' && stdin && !this.#exited) this.#endInput = feedInput(stdin, firstPid);
  }

  /** What it prints from now on is about an end that we ask for. */
  mute(): void {
    for (const output of this.#outputs) output.drop();
  }

  /** Ask it to end its ranks and itself. */
  terminate(): void {
    if (!this.#exited) this.#child.kill('SIGTERM');
  }

  /** End it and the proxies between it and the ranks, which are of its process group. */
  kill(): void {
    try {
      if (this.identity.pid > 0) process.kill(-this.identity.pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }

  /** Whether it keeps this process alive. */
  keepAlive(active: boolean): void {
    this.#child[active ? 'ref' : 'unref']();
    for (const output of this.#outputs) output.keepAlive(active);
  }

  #exit(): Promise<string> {
    return new Promise((resolve) => {
      this.#child.on('error', (error) => {
        resolve(error.message);
      });
      this.#child.on('exit', (code, signal) => {
        resolve(signal ?? `exit code ${code}`);
      });
    });
  }
}
