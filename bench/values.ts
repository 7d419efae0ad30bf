/**
 * Times how large values come to tasks: an argument of all ranks, and what one task makes for the next. Beside it stand
 * a copy into fresh memory, `structuredClone`, and a transfer, which moves the only copy there is.
 */
import { parseArgs } from 'node:util';
import type { LaunchOptions, Pool, Shared } from 'shoal';
import { launch, taskModule } from 'shoal';
import { factsOf, sentenceOf } from './report/machine.js';
import { brief, markdownTable } from './report/table.js';
import { say, stop } from './rounds/options.js';
import { installedFamilies, poolOptions } from './rounds/pools.js';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    workers: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    bytes: { type: 'string', default: '100000000' },
    only: { type: 'string' },
  },
});
const [workers, rounds, bytes] = [flags.workers, flags.rounds, flags.bytes].map(Number) as [number, number, number];
if (![workers, rounds, bytes / 8].every((each) => Number.isInteger(each) && each > 0)) {
  stop('--workers, --rounds and --bytes want integers above 0, bytes a multiple of 8');
}
const task = taskModule<typeof import('./values-task.js')>(new URL('./values-task.ts', import.meta.url));
const launchers = installedFamilies();

/** Milliseconds. */
interface Row {
  readonly where: string;
  readonly what: string;
  readonly ms: number;
}

function middle(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

async function timeOf(run: () => unknown): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

function check(results: readonly number[], expected: number): void {
  if (results.some((each) => each !== expected)) throw new Error(`wrong results ${results.join()}`);
}

/** Each thing in turn, round after round. */
async function measure(where: string, things: Readonly<Record<string, () => Promise<number>>>): Promise<Row[]> {
  const times = new Map<string, number[]>(Object.keys(things).map((what) => [what, []]));
  for (let round = 0; round <= rounds; round++) {
    say(`${where}, round ${round} of ${rounds}`);
    for (const [what, time] of Object.entries(things)) {
      const ms = await time();
      if (round > 0) times.get(what)!.push(ms); // the first warms up
    }
  }
  return [...times].map(([what, all]) => ({ where, what, ms: middle(all) }));
}

const count = bytes / 8;
/** Small tasks are timed together, one after another. */
const many = 100;

async function timeOfMany(run: () => Promise<unknown>): Promise<number> {
  await run();
  const ms = await timeOf(async () => {
    for (let i = 0; i < many; i++) await run();
  });
  return ms / many;
}

/** What everything is compared with; timed in the same rounds. */
const copyName = 'one copy into fresh memory';

function copy(x: Float64Array): Promise<number> {
  return timeOf(() => {
    new Float64Array(count).set(x);
  });
}

function bare(x: Float64Array): Promise<Row[]> {
  return measure('this process', {
    [copyName]: () => copy(x),
    structuredClone: () => timeOf(() => structuredClone(x)),
    transfer: () => {
      const own = x.slice();
      return timeOf(() => structuredClone(own, { transfer: [own.buffer] }));
    },
  });
}

async function handOver(pool: Pool): Promise<number> {
  using kept = await pool.run(task, { export: 'make', keep: true, args: [count] });
  return await timeOfMany(async () => {
    check(await pool.run(task, { args: [kept] }), 2);
  });
}

async function ours(name: string, options: LaunchOptions, x: Float64Array): Promise<Row[]> {
  const pool = await launch({ ...options, maxMessageBytes: null, maxQueueBytes: null, maxSharedBytes: null });
  let shared: Shared<Float64Array> | undefined;
  const rows = await measure(name, {
    [copyName]: () => copy(x),
    share: () =>
      timeOf(async () => {
        shared = await pool.share(x);
      }),
    [`${workers} ranks read it`]: async () => {
      const ms = await timeOf(async () => {
        check(await pool.run(task, { workers, args: [shared!] }), 2);
      });
      shared?.release();
      return ms;
    },
    'an empty task': () => timeOfMany(() => pool.run(task, { export: 'empty' })),
    'kept, to the next task': () => handOver(pool),
  });
  // These leave much for the collectors, and come last.
  const copies = await measure(name, {
    [`as an argument of ${workers} ranks`]: () =>
      timeOf(async () => {
        check(await pool.run(task, { workers, args: [x] }), 2);
      }),
    'by the driver, to the next task': () =>
      timeOf(async () => {
        const [made] = await pool.run(task, { export: 'make', args: [count] });
        check(await pool.run(task, { args: [made!] }), 2);
      }),
  });
  await pool.close();
  return [...rows, ...copies];
}

const pools = poolOptions(launchers, workers);
const names = flags.only?.split(',') ?? [...pools.keys()];
const unknown = names.filter((name) => !pools.has(name));
if (unknown.length > 0) stop(`no pool named ${unknown.join(', ')}; here are ${[...pools.keys()].join(', ')}`);
const facts = factsOf(launchers, {});
const x = new Float64Array(count).fill(1);
const rows = await bare(x);
for (const name of names) rows.push(...(await ours(name, pools.get(name)!, x)));

if (flags.json) console.log(JSON.stringify({ facts, workers, bytes, unit: 'milliseconds', rows }));
else {
  const copyOf = (where: string): number => rows.find((row) => row.where === where && row.what === copyName)!.ms;
  const cells = rows.map(({ where, what, ms }) => [`${where}: ${what}`, brief(ms), brief(ms / copyOf(where))]);
  console.log(`${bytes} bytes, ${workers} workers, middle of ${rounds} rounds\n${sentenceOf(facts)}\n`);
  console.log(markdownTable(['how', 'ms', 'to one copy'], cells));
}
