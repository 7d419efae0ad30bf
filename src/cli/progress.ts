/** What a command waits for, on one line of the terminal that is gone when the wait is over. */
import { clearLine, cursorTo } from 'node:readline';
import { clearInterval, nowMs, setInterval } from '../clock.js';
import { printable } from './printable.js';

/** What comes sooner is not worth a word. */
const patienceMs = 400;
const refreshMs = 200;
const msPerSecond = 1_000;
/** Where a terminal does not say how wide it is. */
const usualColumns = 80;

/** The one that is there. */
let current: Line | undefined;

/** Print a line to standard error. What is waited for makes room for it. */
export function tell(text: string): void {
  current?.erase();
  process.stderr.write(`${text}\n`);
}

/** Says what is waited for now, in place of what it said before. */
export type Say = (text: string) => void;

/** Flags of a command that decide whether it says what it waits for. */
export interface Quiet {
  /** Its output is for a program. */
  readonly json?: boolean | undefined;
}

/**
 * Run something that may take a while, and show on standard error what it waits for: on a terminal that a person looks
 * at, and nowhere else.
 *
 * @param text - What is waited for, such as `starting 4 workers`.
 * @returns What `run` has returned.
 */
export async function waiting<T>(text: string, { json }: Quiet, run: (say: Say) => Promise<T> | T): Promise<T> {
  const { stderr } = process;
  if (json || !isWatched(stderr)) return run(() => undefined);
  const line = new Line(stderr, text);
  current = line;
  try {
    return await run((next) => {
      line.say(next);
    });
  } finally {
    line.end();
    current = undefined;
  }
}

/** A terminal with a person before it, as far as can be told. */
export function isWatched(stream: NodeJS.WriteStream): boolean {
  const { CI, TERM } = process.env;
  return stream.isTTY && TERM !== 'dumb' && (CI === undefined || CI === '' || CI === 'false');
}

/** From its making until `end`. */
class Line {
  readonly #stream: NodeJS.WriteStream;
  readonly #begun = nowMs();
  readonly #timer: NodeJS.Timeout;
  #text: string;
  #isShown = false;
  readonly erase = (): void => {
    if (!this.#isShown) return;
    this.#isShown = false;
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
  };

  constructor(stream: NodeJS.WriteStream, text: string) {
    this.#stream = stream;
    this.#text = text;
    this.#timer = setInterval(() => {
      if (nowMs() - this.#begun >= patienceMs) this.#draw();
    }, refreshMs).unref();
    process.once('exit', this.erase);
  }

  /** At once: what comes next may keep the thread busy. */
  say(text: string): void {
    this.#text = text;
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    this.erase();
    process.removeListener('exit', this.erase);
  }

  #draw(): void {
    // A terminal that does not know its size says 0.
    const columns = this.#stream.columns || usualColumns;
    const seconds = Math.floor((nowMs() - this.#begun) / msPerSecond);
    const text = printable(`${this.#text} …${seconds > 0 ? ` ${seconds} s` : ''}`).replace(/\s+/g, ' ');
    this.erase();
    // The last column stays free: what is in it would break the line.
    this.#stream.write(text.slice(0, Math.max(1, columns - 1)));
    this.#isShown = true;
  }
}
