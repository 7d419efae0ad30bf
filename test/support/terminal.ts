/** A command on a terminal of its own, which `script` of util-linux makes. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import * as assert from 'uvu/assert';
import { until } from './check.js';

const limitMs = 30_000;
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** From its making until the command ends. */
export class Terminal {
  /** All that has been written to it. */
  text = '';
  /** Exit code of the command. */
  readonly ended: Promise<number | null>;
  readonly #script: ChildProcess;
  #name = '';
  #pid = 0;

  private constructor(command: readonly string[], columns: number, rows: number, env: NodeJS.ProcessEnv) {
    const line = `stty cols ${columns} rows ${rows}; tty; echo $$; exec ${command.map(quoted).join(' ')}`;
    this.#script = spawn('script', ['-qec', line, '/dev/null'], { env });
    this.#script.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    this.ended = new Promise((resolve) => this.#script.on('close', resolve));
  }

  /** Run a command on a terminal of so many characters. */
  static async open(
    command: readonly string[],
    { columns = 80, rows = 24, env = {} }: { columns?: number; rows?: number; env?: NodeJS.ProcessEnv },
  ): Promise<Terminal> {
    // What the machine of a test says of itself is not to decide.
    const own = { ...process.env, TERM: 'xterm', CI: undefined, NO_COLOR: undefined, FORCE_COLOR: undefined };
    const terminal = new Terminal(command, columns, rows, { ...own, ...env });
    const first = /^(\/dev\/\S+)\r?\n(\d+)\r?\n/;
    await terminal.shows((text) => first.test(text));
    const [all, name, pid] = first.exec(terminal.text)!;
    [terminal.#name, terminal.#pid, terminal.text] = [name!, Number(pid), terminal.text.slice(all.length)];
    return terminal;
  }

  /** Wait until what was written is as it is to be. */
  async shows(isRight: (text: string) => boolean): Promise<void> {
    await until(() => isRight(this.text), limitMs).catch((error: unknown) => {
      throw new Error(`on the terminal:\n${JSON.stringify(this.text.slice(-4_000))}`, { cause: error });
    });
  }

  press(keys: string): void {
    this.#script.stdin?.write(keys);
  }

  kill(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal);
  }

  resize(columns: number, rows: number): void {
    const { status, stderr } = spawnSync('stty', ['-F', this.#name, 'cols', `${columns}`, 'rows', `${rows}`]);
    assert.is(status, 0, String(stderr));
  }

  /** The lines of the last picture that was drawn from the top. */
  get picture(): string[] {
    const pictures = this.text.split('\x1b[H');
    return stripVTControlCharacters(pictures.at(-1) ?? '').split(/\r*\n/);
  }
}
