/** Tables and figure of bench/tasks.ts. */
import { writeFigure } from '../report/figure.js';
import { sentenceOf } from '../report/machine.js';
import type { Run } from '../rounds/options.js';
import type { Result } from '../rounds/rounds.js';
import { sentenceOfOtherWork } from '../rounds/other-work.js';
import { fastest } from '../rounds/rounds.js';
import { brief, markdownTable } from '../report/table.js';
import { aloneForm, bareName, gangForm, startForm } from './contenders.js';

const families = ['openmpi', 'mpich'] as const;
const pools = ['threads', ...families];
const tasksPerSecond = (us: number): number => 1e6 / us;

function tasksOf(results: readonly Result[]): { contenders: string[]; sizes: number[] } {
  const rows = results.filter(({ form }) => form === 'task');
  const sizes = [...new Set(rows.map(({ at }) => at))].sort((a, b) => a - b);
  return { contenders: [...new Set(rows.map(({ contender }) => contender))], sizes };
}

/** What was reached, beside what is wanted; NaN where a part was not measured. */
function targetRows(results: readonly Result[]): string[][] {
  const us = (contender: string, form = 'task', at = 1): number => fastest(results, contender, at, form) ?? NaN;
  const many = Math.max(...tasksOf(results).sizes);
  const rate = (contender: string): number => tasksPerSecond(us(contender, 'task', many));
  const start = (contender: string): number => us(contender, startForm) / 1000;
  const rows: [what: string, reached: string, wanted: string][] = [
    ['threads: throughput', `${brief(rate('threads') / rate('piscina'))}× piscina`, '≥ 1×'],
    ['threads: latency', `${brief(us('threads') / us('piscina'))}× piscina`, '≤ 1.3×'],
    ['threads: ready', `${brief(start('threads'))} ms`, '≤ 150 ms'],
    ...families.flatMap((family): [string, string, string][] => [
      [`${family}: throughput`, `${brief(rate(family))} /s`, '≥ 8,000 /s'],
      [`${family}: latency`, `${brief(us(family) / us('piscina'))}× piscina`, '≤ 2×'],
      [`${family}: ready`, `${brief(start(family) / start(bareName({ family })))}× ${bareName({ family })}`, '≤ 1.5×'],
    ]),
    ...pools.map((pool): [string, string, string] => {
      return [`${pool}: gang of 2`, `${brief(us(pool, gangForm) / us(pool, aloneForm))}× the same by one`, '≤ 1.5×'];
    }),
  ];
  return rows.filter(([, reached]) => !reached.includes('NaN'));
}

/** Print everything that a run has measured. */
export function printTasks({ facts, workers, results, otherWork }: Run): void {
  console.log(`Empty tasks, ${workers} workers, median of medians\n${sentenceOf(facts)}`);
  console.log(sentenceOfOtherWork(otherWork));
  const { contenders, sizes } = tasksOf(results);
  const cell = (contender: string, at: number): number | undefined => fastest(results, contender, at, 'task');
  const rates = contenders.map((contender) => {
    const cells = sizes.map((at) => cell(contender, at));
    return [contender, ...cells.map((us) => brief(us === undefined ? undefined : tasksPerSecond(us)))];
  });
  console.log(`\nTasks per second, by tasks at once\n\n${markdownTable(['', ...sizes.map(String)], rates)}`);
  const names = [...new Set(results.map(({ contender }) => contender))];
  const singles = names.map((contender) => {
    const ready = fastest(results, contender, 1, startForm);
    const forms = [aloneForm, gangForm].map((form) => fastest(results, contender, 1, form));
    const us = [cell(contender, 1), ...forms];
    return [contender, ...us.map(brief), ready === undefined ? '' : brief(ready / 1000)];
  });
  console.log(
    `\n${markdownTable(['', 'one empty task, µs', `${aloneForm}, µs`, `${gangForm}, µs`, 'ready, ms'], singles)}`,
  );
  if (workers === 2) console.log(`\n${markdownTable(['', 'reached', 'wanted'], targetRows(results))}`);
}

/** Draw tasks per second by tasks at once. */
export function drawTasks(file: string, { facts, workers, results, otherWork }: Run): void {
  const { contenders, sizes } = tasksOf(results);
  writeFigure(file, {
    title: `empty tasks, ${workers} workers: throughput`,
    notes: [...sentenceOf(facts).split('; '), sentenceOfOtherWork(otherWork)],
    xLabel: 'tasks at once',
    yLabel: 'tasks per second (more is better)',
    xTicks: sizes,
    xText: String,
    yText: (rate) => rate.toLocaleString('en-US'),
    lines: contenders.map((label) => ({
      label,
      isOurs: pools.includes(label),
      points: sizes.flatMap((at) => {
        const us = fastest(results, label, at, 'task');
        return us === undefined ? [] : [[at, tasksPerSecond(us)] as const];
      }),
    })),
  });
}
