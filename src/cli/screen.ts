/** The whole terminal for one view that is drawn again and again, and given back as it was. */
import { constants } from 'node:os';

// Control sequences of ECMA-48 and xterm.
const begin = '\x1b[?1049h\x1b[?25l\x1b[?7l'; // the other screen, no cursor, lines are cut and not wrapped
const end = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const clearRight = '\x1b[K';
const clearBelow = '\x1b[J';
const keys = { quit: ['q', 'Q', '\x03', '\x04'], suspend: '\x1a' };
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const usual = { columns: 80, rows: 24 };

/** Whether a stream is a terminal that can be drawn on. */
export function isScreen(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env.TERM !== 'dumb';
}

/** From `open` to `close`. However the process ends, but by SIGKILL, the terminal is as it was. */
export class Screen {
  /** Somebody has pressed q or Ctrl-C. */
  readonly quit: Promise<void>;
  readonly #output: NodeJS.WriteStream;
  readonly #input: NodeJS.ReadStream;
  /** Draw anew. */
  readonly draw: () => void;
  #isOpen = false;
  #quit!: () => void;
  readonly #leave = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#raw(false);
    this.#output.write(end);
  };
  readonly #enter = (): void => {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#raw(true);
    this.#output.write(begin);
    this.draw();
  };
  readonly #pressed = (text: Buffer): void => {
    for (const key of text.toString('latin1')) {
      if (keys.quit.includes(key)) this.#quit();
      if (key !== keys.suspend) continue;
      this.#leave();
      // As a terminal does with Ctrl-Z: all processes of the command.
      process.kill(0, 'SIGTSTP');
    }
  };
  readonly #ended = (signal: (typeof signals)[number]): void => {
    process.exit(128 + constants.signals[signal]);
  };

  /** @param draw - Called when the terminal has another size, and when it is there again. */
  constructor(output: NodeJS.WriteStream, input: NodeJS.ReadStream, draw: () => void) {
    this.#output = output;
    this.#input = input;
    this.draw = draw;
    this.quit = new Promise((resolve) => (this.#quit = resolve));
  }

  /** In characters. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#output;
    // A terminal that does not know its size says 0.
    return { columns: columns || usual.columns, rows: rows || usual.rows };
  }

  open(): void {
    process.on('exit', this.#leave);
    process.on('SIGCONT', this.#enter);
    for (const signal of signals) process.on(signal, this.#ended);
    this.#output.on('resize', this.draw);
    if (this.#input.isTTY) this.#input.on('data', this.#pressed);
    this.#enter();
  }

  /** Show these lines, from the top. */
  show(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#output.write(`${home}${lines.map((line) => `${line}${clearRight}`).join('\r\n')}${clearBelow}`);
  }

  close(): void {
    this.#leave();
    process.off('exit', this.#leave);
    process.off('SIGCONT', this.#enter);
    for (const signal of signals) process.off(signal, this.#ended);
    this.#output.off('resize', this.draw);
    this.#input.off('data', this.#pressed);
    this.#input.pause();
  }

  /** Keys come one by one, and are not shown. */
  #raw(isRaw: boolean): void {
    if (this.#input.isTTY) this.#input.setRawMode(isRaw);
  }
}
