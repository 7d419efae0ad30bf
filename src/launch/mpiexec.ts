/** One run of `mpiexec`: its process, what it prints, and its end. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout } from '../clock.js';
import { readProcess } from '../native/proc.js';
import type { ProcessIdentity } from '../protocol/control-messages.js';
import { launcherEnvironment } from '../worker/launcher-environment.js';
import type { MpiCommand } from './command-line.js';

/** How much of what mpiexec printed goes into an error. */
const tailLength = 4_000;
/** Time for what it has printed to arrive. */
const drainMs = 20;

/** Starts at once. */
export class Mpiexec {
  readonly identity: ProcessIdentity;
  /** Resolves with how it ended: `exit code 1`, `SIGKILL`, or why it could not be started. */
  readonly exit: Promise<string>;
  readonly #child: ChildProcess;
  readonly #decoder = new StringDecoder('utf8');
  #tail = '';
  #relaying = false;
  #exited = false;

  /** @param input - What the first rank finds on standard input; undefined: nothing. */
  constructor({ command, args, env }: MpiCommand, more: Readonly<Record<string, string>>, input?: string) {
    this.#child = spawn(command, args, {
      env: { ...launcherEnvironment(), ...env, ...more },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'inherit', 'pipe'],
      // Ctrl-C at a terminal reaches the driver alone, which then ends the job in order.
      detached: true,
    });
    // Whoever ends before it has read has told so by its end.
    this.#child.stdin?.on('error', () => undefined).end(input);
    const pid = this.#child.pid ?? -1;
    this.identity = { pid, startTime: readProcess(pid)?.startTime ?? -1 };
    this.exit = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#exited = true;
        resolve(error.message);
      });
      // Not 'close': a proxy that outlives a killed mpiexec would keep the pipe open for ever.
      this.#child.on('exit', (code, signal) => {
        this.#exited = true;
        setTimeout(() => {
          resolve(signal ?? `exit code ${code}`);
        }, drainMs);
      });
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#relaying) process.stderr.write(chunk);
      else this.#tail = (this.#tail + this.#decoder.write(chunk)).slice(-tailLength);
    });
  }

  /** What it and the ranks have printed on standard error during the start. */
  get tail(): string {
    return this.#tail.trim();
  }

  /** From now on standard error is passed on, beginning with what was kept. */
  relay(): void {
    if (this.#tail !== '') process.stderr.write(this.#tail);
    this.#tail = '';
    this.#relaying = true;
  }

  /** What it prints from now on is about an end that we ask for. */
  mute(): void {
    this.#relaying = false;
  }

  /** Ask it to end its ranks and itself. */
  terminate(): void {
    if (!this.#exited) this.#child.kill('SIGTERM');
  }

  /** End it and the proxies between it and the ranks, which are of its process group. */
  kill(): void {
    this.#child.stderr?.destroy();
    try {
      if (this.identity.pid > 0) process.kill(-this.identity.pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }

  /** Whether it keeps this process alive. */
  keepAlive(active: boolean): void {
    const stderr = this.#child.stderr as Socket | null;
    const how = active ? 'ref' : 'unref';
    this.#child[how]();
    // A socket without a handle would wait for one, with a listener more at each call.
    if (!stderr?.destroyed) stderr?.[how]();
  }
}
