/** The figures of `shoal bench` as tables, and how they are read. Pure. */
import { counted } from '../grammar.js';
import { bytes, whole } from '../view/format.js';
import { inColumns } from './columns.js';
import type { BenchReport, PoolReport } from './bench-report.js';

const usPerSecond = 1e6;
/** Load average of a machine that is called quiet. */
const quietLoad = 0.5;

/** Tables and sentences. */
export function benchText({ machine, workers, baselines, pools, skipped }: BenchReport): string {
  const { cpu, cores, node, shoal } = machine;
  const alone = baselines.map((each) => [
    `float32, ${sizeText(each.bytes)}`,
    time(each.memcpyUs),
    `${bytes((each.bytes / each.memcpyUs) * usPerSecond)}/s`,
    time(each.loopUs),
  ]);
  return [
    `shoal ${shoal}, Node ${node}, ${cpu}, ${counted(cores, 'core')}; ${counted(workers, 'worker')}`,
    '',
    ...table(['one thread alone', 'copy', '', `add ${counted(workers, 'array')}`], alone),
    '',
    ...pools.flatMap((pool) => [
      ...table(
        [`${pool.name}, ready after ${Math.round(pool.startMs)} ms`, 'time', '', 'of a copy', 'of the loop'],
        rowsOf(pool),
      ),
      '',
    ]),
    ...skipped.map(({ name, why }) => `${name} was not measured: ${why}`),
    ...howToRead(workers, machine, pools),
    '',
  ].join('\n');
}

function rowsOf({ allreduce, taskUs, tasksPerSecond, gangUs }: PoolReport): string[][] {
  return [
    ...allreduce.map(({ bytes: size, isBlocking, isInWindow, us, bytesPerSecond, ofCopy, ofLoop }) => {
      const what = `allreduce of ${sizeText(size)}${isBlocking ? ', blocking' : ''}${isInWindow ? '' : ', copied'}`;
      const isLatency = ofCopy === null || ofLoop === null;
      const shares = isLatency ? ['', '', ''] : [`${bytes(bytesPerSecond)}/s`, ratio(ofCopy), ratio(ofLoop)];
      return [what, time(us), ...shares];
    }),
    ['a task that does nothing', time(taskUs), '', '', ''],
    ['such tasks, many at once', time(usPerSecond / tasksPerSecond), `${whole(tasksPerSecond)}/s`, '', ''],
    ...(gangUs === null ? [] : [['a task of 2 ranks, one allreduce', time(gangUs), '', '', '']]),
  ];
}

function howToRead(workers: number, { cores, load }: BenchReport['machine'], pools: readonly PoolReport[]): string[] {
  const [first] = pools;
  const cost = first ? ` (${first.name}: ${time(first.taskUs)})` : '';
  const crowd = `${counted(workers, 'worker')} take turns on ${counted(cores, 'core')}: these are figures of a crowd.`;
  // Programs that wait for a core are among them, so it can be more than there are.
  const busy =
    `Other programs were running, a load of ${load.toFixed(1)} on ${counted(cores, 'core')}, when this began: ` +
    'these are figures of a busy machine.';
  return [
    ...(workers > cores ? [crowd] : []),
    ...(load > quietLoad ? [busy] : []),
    'How to read it: 2.0× of the loop is twice as fast as one thread that adds the arrays of all ranks;',
    '0.5× of a copy is half the rate at which one thread copies one array. Times are the middle of several.',
    `Work that takes less time than a task${cost} is done sooner where it is.`,
  ];
}

function ratio(value: number): string {
  return `${value >= 10 ? Math.round(value) : value.toFixed(value >= 1 ? 1 : 2)}×`;
}

function time(us: number): string {
  if (us >= 1_000) return `${(us / 1_000).toFixed(us >= 10_000 ? 0 : 1)} ms`;
  return `${us >= 10 ? Math.round(us) : us.toFixed(us >= 1 ? 1 : 2)} µs`;
}

/** Such as `64 KiB`: sizes are round. */
function sizeText(size: number): string {
  return bytes(size).replace('.0 ', ' ');
}

function table(head: readonly string[], rows: readonly string[][]): string[] {
  const widths = head.map(() => Infinity);
  return inColumns([head, ...rows], widths, { gap: '  ', areNumbers: true });
}
