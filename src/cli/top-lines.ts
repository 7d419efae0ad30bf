/** A pool as lines of text, for `shoal top`: as many and as long as there is room for. Pure. */
import type { createColors } from 'picocolors';
import { counted } from '../grammar.js';
import { bytes, duration, marks, percent, whole } from '../view/format.js';
import type { PoolFacts, WorkerFacts } from '../view/pool-facts.js';
import type { Row } from './columns.js';
import { inColumns } from './columns.js';
import { printable } from './printable.js';

/** Room for text, and its colours. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
  /** Why nothing new comes. */
  readonly problem?: string | undefined;
  /** Of the last line. */
  readonly foot?: string;
}

/** Colours and weights of a terminal; those of a pipe change nothing. */
export type Paint = Pick<ReturnType<typeof createColors>, 'bold' | 'dim' | 'red' | 'green' | 'yellow'>;

interface Part {
  readonly title: string;
  /** Said in place of rows that are not there. */
  readonly empty: string;
  readonly rows: readonly Row[];
}

/** From this width on all columns are shown; below it the first and the last two. */
const wide = 56;
const longestName = 24;
/** Columns of a name and of the last cell, where there is little room. */
const leastName = 4;
const leastLast = 8;
const longestMessage = 300;
const order: Readonly<Record<string, number>> = { lost: 0, busy: 1, idle: 2 };

/** The lines, cut where there is no room. */
export function topLines(facts: PoolFacts, room: Room): string[] {
  const { columns, rows, paint, problem, foot } = room;
  const head = headLines(facts);
  if (problem !== undefined) head.unshift(paint.red(`! ${problem}`));
  const feet = foot === undefined ? [] : [cut(paint.dim(foot), columns)];
  const left = rows - head.length - feet.length;
  const parts = partsFor(facts, left);
  const shares = share(
    parts.map((part) => part.rows.length),
    left - parts.length,
  );
  const body = parts.flatMap((part, index) => partLines(part, shares[index] ?? 0, room));
  const lines = [...head.map((line) => cut(line, columns)), ...body];
  return [...lines.slice(0, rows - feet.length), ...feet];
}

function headLines(facts: PoolFacts): string[] {
  const { at, address, transport, mpi, uptimeMs, workers, cores, memoryBytes, tasks, collectives } = facts;
  const rate = (value: number | null, text: (value: number) => string): string => (value === null ? '–' : text(value));
  const failed = tasks.failed + tasks.timedOut + tasks.lost;
  const all = workers.idle + workers.busy + workers.lost;
  const states = (['busy', 'idle', 'lost'] as const)
    .filter((state) => state !== 'lost' || workers.lost > 0)
    .map((state) => `${marks[state] ?? ''} ${workers[state]} ${state}`);
  return [
    `${new Date(at).toLocaleTimeString('en-GB')} ${address ?? ''}, ` +
      `${mpi ? `${mpi.family} ${mpi.version}` : transport}, up ${duration(uptimeMs)}`,
    `${counted(all, 'worker')}: ${states.join(', ')}; ${cores.toFixed(1)} cores, ${bytes(memoryBytes)}`,
    `tasks: ${whole(tasks.running)} running, ${whole(tasks.waiting)} waiting, ${rate(tasks.perSecond, whole)}/s; ` +
      `${whole(tasks.succeeded)} succeeded, ${whole(failed)} failed, ${whole(tasks.cancelled)} cancelled`,
    `collectives: ${rate(collectives.callsPerSecond, whole)} calls/s, ${rate(collectives.bytesPerSecond, bytes)}/s; ` +
      `${whole(collectives.calls)} calls, ${bytes(collectives.bytes)}`,
  ];
}

/** Where there is little room, the first parts that have anything, each with its title and a line at least. */
function partsFor(facts: PoolFacts, rows: number): Part[] {
  const all = partsOf(facts);
  if (rows >= 2 * all.length) return all;
  return all.filter((part) => part.rows.length > 0).slice(0, Math.max(0, Math.floor(rows / 2)));
}

function partsOf({ nodes, tasks, queue, gangs, collectives, failures }: PoolFacts): Part[] {
  const [first] = nodes;
  const isOne = nodes.length === 1 && first !== undefined;
  const more = tasks.waiting - queue.length;
  return [
    {
      title: isOne ? `Workers on ${first.node}` : 'Workers',
      empty: 'none',
      rows: nodes.flatMap(({ node, workers }) => [...(isOne ? [] : [[node]]), ...workers.map(workerRow)]),
    },
    {
      title: `Queue ${whole(tasks.waiting)}`,
      empty: 'no task waits',
      rows: [
        ...queue.map(({ task, name, why }) => [marks.queued ?? '', task, nameText(name), why]),
        ...(queue.length > 0 && more > 0 ? [[`and ${whole(more)} behind these`]] : []),
      ],
    },
    {
      title: `Gangs ${whole(gangs.length)}`,
      empty: 'none is open',
      rows: gangs.map(({ id, name, state, workers, worldRanks, taskId, queued }) => {
        const who = worldRanks.length > 0 ? `workers ${worldRanks.join(', ')}` : `for ${counted(workers, 'worker')}`;
        const runs = taskId === undefined ? 'no task' : `runs ${taskId}`;
        return [marks[state] ?? '', id, nameText(name ?? null), `${state}, ${who}; ${runs}, ${whole(queued)} waiting`];
      }),
    },
    {
      title: 'Collectives',
      empty: 'no task of several ranks has ended',
      rows: collectives.by.map(({ of, tasks: count, calls, bytes: moved, bytesPerSecond, last }) => {
        const speed = bytesPerSecond === null ? '' : `, ${bytes(bytesPerSecond)}/s`;
        const late = `last: rank ${last.rank} in ${whole(last.tasks)} of ${whole(count)}`;
        return ['', nameText(of), `${whole(calls)} calls, ${bytes(moved)}${speed}; ${late}`];
      }),
    },
    {
      title: 'Last failures',
      empty: 'no task has failed',
      rows: failures.map(({ task, name, message, agoMs }) => {
        const what = message.replace(`task ${task} `, '').slice(0, longestMessage);
        return [marks.failed ?? '', task, nameText(name), `${duration(agoMs)} ago: ${what}`];
      }),
    },
  ];
}

function workerRow({ worker, state, cores, memoryBytes, task, name, ranMs, gang }: WorkerFacts): Row {
  const use = [percent(cores).padStart(6), (memoryBytes === null ? '' : bytes(memoryBytes)).padStart(9)];
  const since = ranMs === null ? '' : ` for ${duration(ranMs)}`;
  const whose = gang === null ? '' : `in ${gang}`;
  const what = task === null ? whose : `${task} ${nameText(name)}${since} ${whose}`.trimEnd();
  return [marks[state] ?? '', String(worker).padStart(3), state, ...use, what];
}

function nameText(name: string | null): string {
  return name ?? '';
}

/** Share rows among parts that want so many: nobody gets more than it wants, and what is left goes to the others. */
function share(wanted: readonly number[], rows: number): number[] {
  const given = wanted.map(() => 0);
  let left = Math.max(0, rows);
  while (left > 0) {
    const open = wanted.flatMap((want, index) => (want > (given[index] ?? 0) ? [index] : []));
    if (open.length === 0) break;
    if (left === Infinity) return [...wanted];
    const each = Math.max(1, Math.floor(left / open.length));
    for (const index of open) {
      const more = Math.min(each, (wanted[index] ?? 0) - (given[index] ?? 0), left);
      given[index] = (given[index] ?? 0) + more;
      left -= more;
    }
  }
  return given;
}

function partLines({ title, empty, rows }: Part, most: number, { columns, paint }: Room): string[] {
  const heading = paint.bold(cut(title, columns));
  if (rows.length === 0) return [cut(`${paint.bold(title)}: ${empty}`, columns)];
  if (rows.length <= most) return [heading, ...grid(rows, columns, paint)];
  // Those that do something come before those that do not, whatever their node.
  const all = rows.filter((row) => row.length > 1).sort((a, b) => rankOf(a) - rankOf(b));
  const shown = all.slice(0, most - 1);
  const more = cut(paint.dim(`… and ${all.length - shown.length} more`), columns);
  return [heading, ...(shown.length > 0 ? grid(shown, columns, paint) : []), more];
}

function rankOf([, , state]: Row): number {
  return order[state ?? ''] ?? 0;
}

/** Columns one below the other, each line no longer than the terminal is wide. */
function grid(rows: readonly Row[], columns: number, paint: Paint): string[] {
  const shown = rows.map((row) => narrow(row.map(oneLine), columns));
  const count = Math.max(...shown.map((row) => row.length));
  const widths = Array.from({ length: count - 1 }, (_, index) => {
    const longest = Math.max(...shown.filter((row) => row.length > 1).map((row) => row[index]?.length ?? 0), 1);
    return Math.min(longestName, longest);
  });
  const sum = (): number => widths.reduce((all, width) => all + width + 1, 0);
  const widest = widths.indexOf(Math.max(...widths));
  const lacking = sum() + leastLast - columns;
  if (lacking > 0) widths[widest] = Math.max(leastName, (widths[widest] ?? 0) - lacking);
  const left = columns - sum();
  return inColumns(shown, [...widths, Math.max(1, left)]).map((line) => {
    return coloured(left < 1 ? cut(line, columns) : line, paint);
  });
}

/** What matters most of a line, where there is little room. */
function narrow(row: Row, columns: number): Row {
  if (columns >= wide || row.length <= 3) return row;
  return [row[0] ?? '', row[1] ?? '', row.at(-1) ?? ''];
}

/** Names and messages are of tasks. */
function oneLine(text: string): string {
  return printable(text.replace(/\s*[\n\t]\s*/g, ' '));
}

/** By the mark that begins it: no state is told by its colour alone. */
function coloured(line: string, paint: Paint): string {
  if (line.startsWith(marks.failed ?? '')) return paint.red(line);
  if (line.startsWith(marks.busy ?? '')) return paint.green(line);
  return line.startsWith(marks.queued ?? '') ? paint.yellow(line) : line;
}

/** A line of running text. */
function cut(text: string, columns: number): string {
  return inColumns([[text]], [columns])[0] ?? '';
}
