/** The driver: starts a pool of workers and runs the task on all of them at once. */
import { launch } from 'shoal';

const pool = await launch({ workers: 2 });
try {
  const [first] = await pool.run(new URL('./statistics.js', import.meta.url), { workers: 2, args: [1_000_000] });
  console.log(`mean ${first.mean}, standard deviation ${first.deviation.toFixed(1)}`);
} finally {
  await pool.close();
}
