/** `shoal dashboard`: where the page of a pool that runs by itself is. */
import { Command } from 'commander';
import { addressOption, withPool } from './use-pool.js';

/** The command. */
export function dashboardCommand(): Command {
  return new Command('dashboard')
    .summary("print the address of a pool's page")
    .description(
      'Print the address of a page that shows the pool at work, and open that page if it is not. It listens at the ' +
        "loopback interface of the pool's host. What stands behind # lets a browser in: keep it to yourself.",
    )
    .option('--json', 'print one JSON object')
    .option(...addressOption)
    .action(async ({ json, address }: { json?: boolean; address?: string }) => {
      const url = await withPool(address, (head) => head.dashboard());
      process.stdout.write(json ? `${JSON.stringify({ url })}\n` : `${url}\n`);
    });
}
