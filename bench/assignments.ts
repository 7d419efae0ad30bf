/** Times assignments, each with a communicator of its own and with a kept one, beside a bare MPI_Comm_split in C. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Pool, PoolStatus } from 'shoal';
import { launch, taskModule } from 'shoal';
import { detectLauncher } from '../src/launch/family.js';
import { usableCores } from '../src/native/cores.js';
import { runAsPool } from './peers/programs.js';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    workers: { type: 'string', default: '4' },
    members: { type: 'string', default: '2' },
    count: { type: 'string', default: '10000' },
    mpiexec: { type: 'string' },
  },
});
const [workers, members, count] = [Number(values.workers), Number(values.members), Number(values.count)];
const launcher = detectLauncher(values.mpiexec);
const task = taskModule<typeof import('./assignments-task.js')>(new URL('./assignments-task.ts', import.meta.url));
/** Of the assignments, before the memory is measured for the first time. */
const warmPart = 0.2;

interface Row {
  readonly what: string;
  /** Microseconds per assignment, from `run` to its result. */
  readonly us: number;
  readonly toC: number;
  readonly splits: number;
  readonly rounds: number;
  /** Growth per assignment in bytes: of the largest worker, and of this process's heap. */
  readonly workerBytes: number;
  readonly driverBytes: number;
}

/** Bytes that a process keeps in memory and shares with no other. */
function privateBytes(pid: number): number {
  const kibibytes = [...readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1').matchAll(/^Private_\w+:\s+(\d+)/gm)];
  return kibibytes.reduce((sum, [, value]) => sum + Number(value) * 1024, 0);
}

async function assign(pool: Pool, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const results = await pool.run(task, { workers: members });
    if (results.length !== members || results[0] !== members) throw new Error(`wrong result ${String(results)}`);
  }
}

async function measure(what: string, c: number, options: object): Promise<Row> {
  const pool = await launch({ workers, mpiexec: launcher.command, ...options });
  await assign(pool, count * warmPart);
  const memory = ({ workers: all }: PoolStatus): number => Math.max(...all.map(({ pid }) => privateBytes(pid)));
  const before = { workers: memory(pool.status()), driver: process.memoryUsage().heapUsed };
  const begun = performance.now();
  await assign(pool, count);
  const us = ((performance.now() - begun) / count) * 1000;
  const after = { workers: memory(pool.status()), driver: process.memoryUsage().heapUsed };
  const { splits, rounds } = pool.status();
  await pool.close();
  const [workerBytes, driverBytes] = [after.workers - before.workers, after.driver - before.driver];
  return { what, us, toC: us / c, splits, rounds, workerBytes: workerBytes / count, driverBytes: driverBytes / count };
}

async function split(): Promise<number> {
  const [line] = await runAsPool(launcher, workers, 'assignments', [members, count]);
  return line?.[0] ?? NaN;
}
const before = await split();
const rows: Row[] = [];
for (const communicator of ['split', 'create-group'] as const) {
  rows.push(await measure(`fresh, ${communicator}`, before, { communicator, communicatorCache: 0 }));
}
rows.push(await measure('kept', before, { communicatorCache: 64 }));
const c = { before, after: await split() };

const machine = { node: process.version, cpu: cpus()[0]?.model.trim(), cores: usableCores() };
const { family, version } = launcher;
const facts = { mpi: `${family} ${version}`, workers, members, count, splitInC: c, ...machine };
if (values.json) {
  console.log(JSON.stringify({ ...facts, unit: 'microseconds per assignment', rows }));
} else {
  const head = ['communicator', 'µs', 'to C', 'splits', 'rounds', 'worker B', 'driver B'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { what, us, toC, splits, rounds, workerBytes, driverBytes } of rows) {
    const counts = [splits, rounds].map(String);
    table.push([what, us.toFixed(0), toC.toFixed(1), ...counts, workerBytes.toFixed(0), driverBytes.toFixed(0)]);
  }
  console.log(`assignments, from run to result; MPI_Comm_split in C takes µs: ${JSON.stringify(facts)}`);
  console.log(table.toString());
}
