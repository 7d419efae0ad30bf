/** `shoal dashboard`: where the page of a pool that runs by itself is. */
import { Command } from 'commander';
import type { PoolFlags } from './use-pool.js';
import { addressOption, withPool } from './use-pool.js';

/** The command. */
export function dashboardCommand(): Command {
  return new Command('dashboard')
    .summary("print the address of a pool's page")
    .description(
      'Print the address of a page that shows the pool at work. The pool begins to serve it if it does not yet, at the ' +
        "loopback interface of the pool's host. What stands behind # lets a browser in: keep it to yourself.",
    )
    .option('--json', 'print one JSON object')
    .option(...addressOption)
    .action(async (flags: PoolFlags) => {
      const url = await withPool(flags, (head) => head.questions.dashboard());
      process.stdout.write(flags.json ? `${JSON.stringify({ url })}\n` : `${url}\n`);
    });
}
