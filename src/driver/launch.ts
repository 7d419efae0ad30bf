/** Start a pool. */
import { awaitForCaller } from '../caller-lines.js';
import type { LaunchOptions } from './options.js';
import type { Pool } from './pool.js';
import type { WorkersOption } from './task-options.js';

/**
 * Start a pool of workers; resolves when all of them are ready.
 *
 * The pool keeps the process alive only while tasks are queued or running.
 *
 * @throws {@link InvalidArgumentError}, {@link LaunchError}, and {@link UnsupportedError} inside a task or an SPMD
 *   script.
 * @example
 * // sum.ts
 * import { collective } from 'shoal/worker';
 *
 * export default async function (count: number): Promise<number> {
 *   const x = new Float32Array(count).fill(1);
 *   await collective.allreduce(x);
 *   return x[0]!;
 * }
 *
 * // main.ts
 * import { launch, taskModule } from 'shoal';
 *
 * const tasks = taskModule<typeof import('./sum.ts')>(new URL('./sum.ts', import.meta.url));
 * const pool = await launch({ workers: 2 });
 * console.log(await pool.run(tasks, { workers: 2, args: [1000] })); // [ 2, 2 ]
 * await pool.close();
 */
export function launch<W extends number = number>(options: LaunchOptions & WorkersOption<W> = {}): Promise<Pool> {
  return awaitForCaller(async () => {
    // Loaded by who launches: a program that only may launch begins sooner.
    const { launchPool } = await import('./prepare-pool.js');
    return launchPool(options);
  });
}
