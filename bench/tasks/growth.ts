/** Heap before and after many small calls and many tasks, on every pool of ours. */
import type { LaunchOptions, Pool } from 'shoal';
import { launch, taskModule } from 'shoal';
import { heapBytes } from './heap.js';
import { say } from '../rounds/options.js';
import { brief, markdownTable } from '../report/table.js';

const module = taskModule<typeof import('./growth-task.js')>(new URL('./growth-task.ts', import.meta.url));
const empty = new URL('./empty-task.mjs', import.meta.url);
const calls = 1_000_000;
const tasks = 100_000;
const atOnce = 100;
const warmPart = 10;

/** Heap in bytes of one thread, or of the largest of several. */
export interface Growth {
  readonly contender: string;
  readonly what: string;
  readonly count: number;
  readonly before: number;
  readonly after: number;
}

async function runMany(pool: Pool, count: number): Promise<void> {
  for (let done = 0; done < count; done += atOnce) {
    const results = await Promise.all(Array.from({ length: atOnce }, (_, i) => pool.run(empty, { args: [i] })));
    if (results.some(([value], i) => value !== i)) throw new Error('a task returned something else');
  }
}

async function heaps(pool: Pool, workers: number): Promise<{ driver: number; threads: number }> {
  const threads = await pool.run(module, { export: 'heap', workers });
  return { driver: heapBytes(), threads: Math.max(...threads) };
}

/** Measure one pool. */
export async function measureGrowth(contender: string, options: LaunchOptions, workers: number): Promise<Growth[]> {
  const pool = await launch(options);
  const begun = performance.now();
  const ranks = await pool.run(module, { workers, args: [calls] });
  const [largest] = [...ranks].sort((a, b) => b.after - b.before - (a.after - a.before));
  await runMany(pool, tasks / warmPart);
  const before = await heaps(pool, workers);
  await runMany(pool, tasks);
  const after = await heaps(pool, workers);
  await pool.close();
  say(`${contender}, ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  return [
    { contender, what: 'calls, task thread', count: calls, ...largest! },
    { contender, what: 'tasks, driver', count: tasks, before: before.driver, after: after.driver },
    { contender, what: 'tasks, task thread', count: tasks, before: before.threads, after: after.threads },
  ];
}

/** Print what was measured. */
export function printGrowth(rows: readonly Growth[]): void {
  const kib = (bytes: number): string => brief(bytes / 1024);
  const cells = rows.map(({ contender, what, count, before, after }) => {
    const each = ((after - before) / count).toFixed(2);
    return [contender, what, count.toLocaleString('en-US'), kib(before), kib(after), each];
  });
  console.log(markdownTable(['', 'what', 'count', 'heap before, KiB', 'after, KiB', 'bytes each'], cells));
}
