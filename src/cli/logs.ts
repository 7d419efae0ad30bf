/** `shoal logs`: what workers and tasks of a pool have printed, and how a task has ended. */
import { Command } from 'commander';
import { setTimeout } from '../clock.js';
import { connectHead } from '../driver/connect-head.js';
import { ClosedError, InvalidArgumentError, UnsupportedError } from '../errors.js';
import type { TaskRecord } from '../protocol/pool-messages.js';
import type { RemoteHead } from '../driver/remote-head.js';
import { printTo } from './print-to.js';
import { printable } from './printable.js';
import { addressOption } from './use-pool.js';
import { lookAtLogsMs, WorkerLogs } from './worker-logs.js';

interface Flags {
  follow?: boolean;
  json?: boolean;
  address?: string;
}

/** The command. */
export function logsCommand(): Command {
  return new Command('logs')
    .summary('print what the workers or a task of a pool have printed')
    .description(
      'Print what workers have printed, or one of them, or one task with the way it has ended. Control characters are ' +
        'shown as \\x1b and the like, on a terminal and in pipes.',
    )
    .argument('[worker or task]', 'number of a worker, or id of a task (shoal tasks)')
    .option('-f, --follow', 'go on with what is printed: until the task ends, else until Ctrl-C or the end of the pool')
    .option('--json', 'print a JSON object for each line: worker and line; for a task its record at the end')
    .option(...addressOption)
    .action(async (which: string | undefined, { follow = false, json = false, address }: Flags) => {
      const head = await connectHead(address);
      try {
        await show(head, which, follow, json);
      } finally {
        await head.close(true);
      }
    });
}

async function show(head: RemoteHead, which: string | undefined, follow: boolean, json: boolean): Promise<void> {
  const { logDir } = head;
  if (logDir === undefined) {
    throw new UnsupportedError('this pool of several hosts does not keep output; start it with --log-dir <dir>');
  }
  const all = head.status.workers.map(({ worldRank }) => worldRank);
  const isWorker = which !== undefined && all.includes(Number(which));
  const taskId = which === undefined || isWorker ? undefined : which;
  if (taskId !== undefined && !(await recordOf(head, taskId))) {
    throw new InvalidArgumentError(
      `logs: expected a worker from 0 to ${all.length - 1} or a task of \`shoal tasks\`, received ${taskId}`,
    );
  }
  const logs = new WorkerLogs(logDir, isWorker ? [Number(which)] : all, printTo(process.stdout), json);
  if (taskId !== undefined) logs.only(taskId);
  await logs.all();
  while (follow && !head.isGone) {
    // Read before the lines are: what it has printed last is then among them.
    const isOver = taskId !== undefined && hasEnded(await recordOf(head, taskId));
    await logs.news();
    if (isOver) break;
    await new Promise((resolve) => setTimeout(resolve, lookAtLogsMs));
  }
  logs.close();
  head.assertNotLost();
  if (taskId === undefined || head.isGone) return;
  const record = await recordOf(head, taskId);
  if (json) process.stdout.write(`${JSON.stringify(record)}\n`);
  else await showEnd(record);
}

async function showEnd(record: TaskRecord | undefined): Promise<void> {
  const print = printTo(process.stdout);
  for (const [rank, result] of record?.results?.entries() ?? []) {
    await print(`rank ${rank} returned ${printable(result)}\n`);
  }
  const failure = record?.failure;
  if (typeof failure === 'string') await print(`${printable(failure)}\n`);
}

/** Of one task; undefined: the pool knows none of this id, or has ended. @throws {@link ClosedError} when it is lost. */
export async function recordOf(head: RemoteHead, taskId: string): Promise<TaskRecord | undefined> {
  try {
    return (await head.questions.tasks()).find(({ id }) => id === taskId);
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error;
    head.assertNotLost();
    return undefined;
  }
}

/** Whether a task neither waits nor runs. */
export function hasEnded(record: TaskRecord | undefined): boolean {
  return record?.state !== 'queued' && record?.state !== 'running';
}
