/** The programs that an introduction to Ray begins with: tasks, objects, actors, waiting, and π with its progress. */
import { writeFileSync } from 'node:fs';
import { launch, taskModule } from 'shoal';
import { lineChart } from '../chart.js';

const figure = process.argv[2] ?? 'ray-tour.svg';
const pool = await launch({ workers: 4 }); // ray.init()
const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.ts', import.meta.url));

// futures = [square.remote(i) for i in range(4)]; ray.get(futures)
const futures = [0, 1, 2, 3].map((x) => pool.submit(tasks, { export: 'square', args: [x] }));
console.log('tasks:', (await Promise.all(futures.map((future) => future.result()))).flat().join(' '));

// ref = ray.put(matrix); ray.get(sum_matrix.remote(ref))
const matrix = await pool.share(new Float64Array(1_000 * 1_000).fill(1));
console.log('an object:', (await pool.run(tasks, { export: 'sumOf', args: [matrix] }))[0]);
matrix.release();

// counter = Counter.remote(); counter.increment.remote(); ray.get(counter.get.remote())
const gang = await pool.gang({ workers: 1 });
const counter = await gang.actor(tasks, { export: 'Counter' });
for (let i = 0; i < 10; i++) void counter.call('increment');
console.log('an actor:', (await counter.call('get'))[0]);
await gang.close();

// while futures: done, futures = ray.wait(futures)
const seen: number[] = [];
for await (const { value } of pool.map(tasks, [1, 2, 3, 4], { export: 'square', ordered: false })) seen.push(value);
console.log('as they end:', seen.sort((a, b) => a - b).join(' '));

// π by tasks that tell an actor how far they are; here the driver hears them
const [samples, points] = [8, 500_000];
const progress = new Map<number, { points: number; inside: number }>();
const estimates: [number, number][] = [];
const handles = Array.from({ length: samples }, (_, i) => {
  const handle = pool.submit(tasks, { export: 'sample', args: [points] });
  handle.on('message', ({ value }) => {
    progress.set(i, value as { points: number; inside: number });
    const all = [...progress.values()];
    const sum = (key: 'points' | 'inside'): number => all.reduce((total, each) => total + each[key], 0);
    estimates.push([sum('points'), (4 * sum('inside')) / sum('points')]);
  });
  return handle;
});
const inside = (await Promise.all(handles.map((handle) => handle.result()))).flat().reduce((a, b) => a + b, 0);
console.log('π:', (4 * inside) / (samples * points));
await pool.close(); // ray.shutdown()

const exact = { name: 'π', points: estimates.map(([x]) => [x, Math.PI] as const) };
writeFileSync(
  figure,
  lineChart('π from the points so far', 'points', 'π', [{ name: 'estimate', points: estimates }, exact]),
);
console.log(`the way to π is in ${figure}`);
