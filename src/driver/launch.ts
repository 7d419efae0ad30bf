/** Start a pool. */
import { findRuntime } from '../collective/scope.js';
import { UnsupportedError } from '../errors.js';
import { Head } from '../head/head.js';
import { ThreadWorkers } from '../worker/threads.js';
import type { LaunchOptions } from './options.js';
import { fillLaunchOptions } from './options.js';
import { Pool } from './pool.js';

/**
 * Start a pool of workers; resolves when all of them are ready.
 *
 * The pool keeps the process alive only while tasks are queued or running.
 *
 * @throws {@link InvalidArgumentError}, {@link LaunchError}, and {@link UnsupportedError} inside a task or an SPMD script.
 */
export async function launch(options: LaunchOptions = {}): Promise<Pool> {
  const runtime = findRuntime();
  if (runtime?.worker || runtime?.storage.getStore()) {
    throw new UnsupportedError(
      'launch: a task or a script under `shoal run` cannot launch a pool of its own; return what is to be done to the ' +
        'driver and let it run further tasks, or start the driver with plain node',
    );
  }
  const filled = fillLaunchOptions(options);
  const workers = new ThreadWorkers({ ...filled, output: { stdout: 1, stderr: 2, label: 'task' } });
  await workers.start(filled.signal);
  const head = new Head(workers, { ...filled, collectiveTimeoutMs: filled.timeoutMs });
  workers.report(head);
  workers.keepAlive(false);
  return new Pool(head, filled.maxMessageBytes);
}
