/** `shoal cancel`: end a task of a pool, whoever has submitted it. */
import { Command } from 'commander';
import { setTimeout } from '../clock.js';
import { InvalidArgumentError } from '../errors.js';
import { hasEnded, recordOf } from './logs.js';
import type { PoolFlags } from './use-pool.js';
import { addressOption, withPool } from './use-pool.js';

const pollMs = 50;

/** The command. */
export function cancelCommand(): Command {
  return new Command('cancel')
    .summary('end a task of a pool')
    .description('Cancel a task that waits or runs, and wait for its end; one that has ended stays as it is.')
    .argument('<task>', 'its id (shoal tasks)')
    .option('--json', 'print one JSON object: task and state')
    .option(...addressOption)
    .action(async (taskId: string, flags: PoolFlags) => {
      const state = await withPool(flags, async (head, say) => {
        let record = await recordOf(head, taskId);
        if (!record) {
          throw new InvalidArgumentError(`cancel: expected a task of \`shoal tasks\`, received ${taskId}`);
        }
        if (!hasEnded(record)) {
          say(`waiting for the end of ${taskId}`);
          head.cancelById(taskId, new Error('shoal cancel'));
        }
        while (!hasEnded(record) && !head.isGone) {
          await new Promise((resolve) => setTimeout(resolve, pollMs));
          record = await recordOf(head, taskId);
        }
        return record?.state ?? 'gone';
      });
      process.stdout.write(flags.json ? `${JSON.stringify({ task: taskId, state })}\n` : `task ${taskId}: ${state}\n`);
    });
}
