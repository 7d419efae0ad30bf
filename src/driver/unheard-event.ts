/** What the process is told of an event of a pool that nobody listens to. */
import { CancelledError } from '../errors.js';
import { isError, show } from '../show.js';
import type { PoolEvents } from '../head/pool-events.js';

/** Warn of a warning, and of the failure of a task that nobody asks for: both reach the user also when nobody listens. */
export function tellProcess(event: keyof PoolEvents, payload: unknown): void {
  if (event === 'warning') {
    process.emitWarning((payload as PoolEvents['warning'][0]).message, { type: 'ShoalWarning' });
  } else if (event === 'taskFailed') {
    const { taskId, name, source, error } = payload as PoolEvents['taskFailed'][0];
    // Whoever cancelled it knows.
    if (error instanceof CancelledError) return;
    const { cause } = error;
    const at = /\n\s+at .*/.exec((isError(cause) ? cause : error).stack ?? '')?.[0] ?? '';
    const called = name === undefined ? '' : ` ${show(name)}`;
    process.emitWarning(
      `task ${taskId}${called} failed, and nobody has asked for its result: ${error.message}${at}\n` +
        `    in ${show(source.exportName)} of ${source.url}\n` +
        `Wait for handle.result(), or listen for "taskFailed".`,
      { type: 'ShoalWarning' },
    );
  }
}
