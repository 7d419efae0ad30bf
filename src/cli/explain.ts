/** `shoal explain`: who waits for whom in a task, and what each rank did last. */
import { Command } from 'commander';
import { printable } from './printable.js';
import type { PoolFlags } from './use-pool.js';
import { addressOption, withPool } from './use-pool.js';

/** The command. */
export function explainCommand(): Command {
  return new Command('explain')
    .summary('say who waits for whom')
    .description(
      'Say who waits for whom in a task, since when, and what each rank did last: of one that runs, waits or is among ' +
        'the last 32 that failed.',
    )
    .argument('[task]', 'its id (shoal tasks); default: those that run, else the one that failed last')
    .option('--json', 'print one JSON array')
    .option(...addressOption)
    .action(async (taskId: string | undefined, flags: PoolFlags) => {
      const explanations = await withPool(flags, (head) => head.questions.explain(taskId));
      if (flags.json) process.stdout.write(`${JSON.stringify(explanations)}\n`);
      else if (explanations.length === 0) process.stdout.write('no task runs, and none has failed\n');
      else process.stdout.write(explanations.map(({ text }) => `${printable(text)}\n`).join('\n'));
    });
}
