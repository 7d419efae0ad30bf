/** A driver on one of several hosts: does what its argument says, prints one JSON line for each thing it sees. */
import type { LaunchOptions } from 'shoal';
import { launch } from 'shoal';

const tasks = new URL('./hosts.js', import.meta.url);
const { kill, size, options } = JSON.parse(process.argv[2] ?? '') as {
  kill: boolean;
  size: number;
  options: LaunchOptions;
};
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const pool = await launch({ startTimeoutMs: 20_000, graceMs: 500, ...options });
pool.on('warning', () => undefined);
say(pool.status().nodes.map(({ node, worldRanks }) => [node, worldRanks]));
say(await pool.run(tasks, { workers: size }));
if (kill) {
  say(pool.status().nodes.map(({ managerPid }) => managerPid));
  process.kill(process.pid, 'SIGKILL');
}
const shared = await pool.share({ x: new Float64Array(200_000).fill(2) });
say(await pool.run(tasks, { workers: pool.status().nodes.length, placement: 'strict-spread' }));
try {
  await pool.run(tasks, { workers: size, export: 'die', args: [size - 1] });
} catch (error) {
  say((error as { code: string }).code);
}
say(await pool.run(tasks, { workers: size }));
say(await pool.run(tasks, { workers: size, export: 'sharedSum', args: [shared] }));
say(pool.status().epoch);
await pool.close();
