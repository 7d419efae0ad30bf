/** The driver: starts a pool of workers and runs the task on all of them at once. */
import { launch, taskModule } from 'shoal';

const statistics = taskModule<typeof import('./statistics.js')>(new URL('./statistics.ts', import.meta.url));

const pool = await launch({ workers: 2 });
try {
  const [first] = await pool.run(statistics, { workers: 2, args: [1_000_000] });
  console.log(`mean ${first.mean}, standard deviation ${first.deviation.toFixed(1)}`);
} finally {
  await pool.close();
}
