/** Options of `collectives` and `tasks`, and where their words go. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Facts } from '../report/machine.js';
import type { Rounds } from './rounds.js';

/** What `--json` prints and `--from` reads. */
export interface Run extends Rounds {
  readonly facts: Facts;
  readonly workers: number;
}

/** The options, all filled. */
export interface BenchOptions {
  readonly workers: number;
  readonly rounds: number;
  readonly json: boolean;
  /** Where the figure goes as SVG; undefined: none is drawn. */
  readonly figure: string | undefined;
  /** Names of contenders; undefined: all that are installed and are not left out by default. */
  readonly only: readonly string[] | undefined;
  /** Bytes per rank, or tasks in flight. */
  readonly sizes: readonly number[];
  /** Files that earlier runs with `--json` have printed: measure nothing, report these. */
  readonly from: readonly string[];
  readonly growth: boolean;
}

/** Progress goes to standard error: standard output belongs to results. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A wrong option is one line, not a stack. */
export function stop(message: string): never {
  say(`bench: ${message}`);
  process.exit(2);
}

function parse(): ReturnType<typeof parseFlags> {
  try {
    return parseFlags();
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
}

function parseFlags() {
  return parseArgs({
    options: {
      workers: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      figure: { type: 'string' },
      only: { type: 'string' },
      sizes: { type: 'string' },
      from: { type: 'string', multiple: true, default: [] },
      growth: { type: 'boolean', default: false },
    },
  }).values;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : stop(`--${name} wants numbers above 0, received ${text}`);
}

/** Read the command line. `sizes`: what is measured when `--sizes` is not given. */
export function readOptions(sizes: readonly number[]): BenchOptions {
  const { workers, rounds, only, sizes: given, figure, ...rest } = parse();
  return {
    ...rest,
    workers: positive('workers', workers),
    rounds: positive('rounds', rounds),
    figure,
    only: only?.split(','),
    sizes: given?.split(',').map((text) => positive('sizes', text)) ?? sizes,
  };
}

/** Those of `all` that `--only` names; without it all but those that take part only when they are named. */
export function chosen(all: readonly string[], only: readonly string[] | undefined, byName = /$^/): string[] {
  const unknown = only?.filter((name) => !all.includes(name)) ?? [];
  if (unknown.length > 0) stop(`no contender named ${unknown.join(', ')}; here are ${all.join(', ')}`);
  return all.filter((name) => (only ? only.includes(name) : !byName.test(name)));
}

/** Earlier runs as one: facts of the first, results and other work of all. */
export function readRuns(files: readonly string[]): Run {
  const runs = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Run);
  const results = runs.flatMap((run) => run.results);
  return { ...runs[0]!, results, otherWork: runs.flatMap((run) => run.otherWork) };
}
