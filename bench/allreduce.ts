/**
 * Times allreduce on float32 sums in one run beside its baselines: on threads a copy of the same bytes and a plain
 * TypeScript loop, on processes the C library's own MPI_Allreduce.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { LaunchOptions } from 'shoal';
import { launch, taskModule } from 'shoal';
import { detectLauncher } from '../src/launch/family.js';
import { usableCores } from '../src/native/cores.js';
import type { Timing } from './allreduce-task.js';
import { runC } from './c-program.js';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    workers: { type: 'string', default: '2' },
    transport: { type: 'string', default: 'threads' },
    mpiexec: { type: 'string' },
  },
});
const workers = Number(values.workers);
const overMpi = values.transport === 'mpi' || values.mpiexec !== undefined;
const task = taskModule<typeof import('./allreduce-task.js')>(new URL('./allreduce-task.ts', import.meta.url));
const sizes = [
  [8, 5_000],
  [8_192, 5_000],
  [131_072, 1_000],
  [2_097_152, 100],
  [33_554_432, 10],
] as const;

/** Every size on one pool, best of its repetitions. `callsPart`: of the calls in a repetition. */
async function timings(options: LaunchOptions, callsPart = 1): Promise<Timing[]> {
  const pool = await launch({ workers, ...options });
  const rows: Timing[] = [];
  for (const [bytes, calls] of sizes) {
    const [first] = await pool.run(task, { workers, args: [bytes, Math.ceil(calls * callsPart)] });
    rows.push(first!);
  }
  await pool.close();
  return rows;
}

const us = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
const machine = { workers, node: process.version, cpu: cpus()[0]?.model.trim(), cores: usableCores() };

function print(facts: object, head: readonly string[], rows: readonly object[], cells: readonly string[][]): void {
  if (values.json) {
    console.log(JSON.stringify({ ...facts, unit: 'microseconds per call', rows }));
    return;
  }
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of cells) table.push(row);
  console.log(`allreduce, float32 sum, µs per call; ${JSON.stringify(facts)}`);
  console.log(table.toString());
}

async function onThreads(): Promise<void> {
  const rows = await timings({ transport: 'threads' });
  const head = ['bytes per rank', 'window', 'awaited', 'plain array', 'copy', 'TypeScript loop', 'loop ÷ window'];
  const cells = rows.map(({ bytes, window, windowAwaited, plain, copy, loop }) => {
    return [String(bytes), us(window), us(windowAwaited), us(plain), us(copy), us(loop), (loop / window).toFixed(1)];
  });
  print(machine, head, rows, cells);
}

async function onProcesses(): Promise<void> {
  const launcher = detectLauncher(values.mpiexec);
  const mpi = { transport: 'mpi', mpiexec: launcher.command } as const;
  // The baseline before and after, the better of the two: other work on the machine must not flatter us.
  const timeC = (): Map<number, number> =>
    new Map(runC(launcher, workers, 'allreduce', sizes.flat()) as [number, number][]);
  const before = timeC();
  const window = await timings(mpi);
  const wire = await timings({ ...mpi, window: false }, 0.2);
  const after = timeC();
  const rows = window.map((row, i) => ({
    bytes: row.bytes,
    c: Math.min(before.get(row.bytes) ?? Infinity, after.get(row.bytes) ?? Infinity),
    window: row.window,
    windowAwaited: row.windowAwaited,
    plain: row.plain,
    wire: wire[i]?.plain ?? NaN,
  }));
  const head = [
    'bytes per rank',
    'C',
    'window',
    'awaited',
    'plain array',
    'wire',
    'C ÷ window',
    'C ÷ plain',
    'C ÷ wire',
  ];
  const cells = rows.map(({ bytes, c, window: own, windowAwaited, plain, wire: over }) => {
    const ratios = [own, plain, over].map((value) => (c / value).toFixed(2));
    return [String(bytes), us(c), us(own), us(windowAwaited), us(plain), us(over), ...ratios];
  });
  print({ ...machine, mpi: `${launcher.family} ${launcher.version}` }, head, rows, cells);
}

await (overMpi ? onProcesses() : onThreads());
