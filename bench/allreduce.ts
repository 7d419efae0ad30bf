/** Times allreduce on float32 sums beside a copy of the same bytes and a plain TypeScript loop, in one run. */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { launch, taskModule } from 'shoal';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, workers: { type: 'string', default: '2' } },
});
const workers = Number(values.workers);
const task = taskModule<typeof import('./allreduce-task.js')>(new URL('./allreduce-task.ts', import.meta.url));
const sizes = [
  [8, 5_000],
  [8_192, 5_000],
  [131_072, 1_000],
  [2_097_152, 100],
  [33_554_432, 10],
] as const;

const pool = await launch({ workers, transport: 'threads' });
const rows = [];
for (const [bytes, calls] of sizes) {
  const [first] = await pool.run(task, { workers, args: [bytes, calls] });
  rows.push(first!);
}
await pool.close();

const machine = { workers, node: process.version, cpu: cpus()[0]?.model.trim(), cores: cpus().length };
if (values.json) {
  console.log(JSON.stringify({ ...machine, unit: 'microseconds per call', rows }));
} else {
  const us = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
  const head = [
    'bytes per rank',
    'window',
    'window, awaited',
    'plain array',
    'copy',
    'TypeScript loop',
    'loop ÷ window',
  ];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { bytes, window, windowAwaited, plain, copy, loop } of rows) {
    table.push([bytes, us(window), us(windowAwaited), us(plain), us(copy), us(loop), (loop / window).toFixed(1)]);
  }
  console.log(`allreduce, float32 sum, µs per call; ${JSON.stringify(machine)}`);
  console.log(table.toString());
}
