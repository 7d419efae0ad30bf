/** Tables and figure of bench/collectives.ts. */
import { cName } from './contenders.js';
import { bands, targets } from './targets.js';
import type { Target } from './targets.js';
import { writeFigure } from '../report/figure.js';
import type { Line } from '../report/figure.js';
import { sentenceOf } from '../report/machine.js';
import type { Run } from '../rounds/options.js';
import type { Result } from '../rounds/rounds.js';
import { sentenceOfOtherWork } from '../rounds/other-work.js';
import { fastest } from '../rounds/rounds.js';
import { brief, bytesText, markdownTable } from '../report/table.js';

const windowPools = ['threads', 'openmpi', 'mpich'];
const pools = [...windowPools, 'openmpi-wire', 'mpich-wire'];
const families = ['openmpi', 'mpich'] as const;

/** The C program of Open MPI, or of MPICH where there is no other, at the level of thread support that pools use. */
function baselineOf(results: readonly Result[], level: 'single' | 'serialized'): string | undefined {
  const names = families.map((family) => cName({ family }, level));
  return names.find((name) => results.some(({ contender }) => contender === name));
}

const sizesOf = (results: readonly Result[]): number[] =>
  [...new Set(results.map(({ at }) => at))].sort((a, b) => a - b);

/** A row for each contender and form, a column for each size. */
function grid(results: readonly Result[], cell: (row: Result) => string): string {
  const sizes = sizesOf(results);
  const names = [...new Set(results.map(({ contender, form }) => `${contender}: ${form}`))];
  const rows = names.map((name) => {
    const cells = sizes.map((size) =>
      results.find((row) => `${row.contender}: ${row.form}` === name && row.at === size),
    );
    return [name, ...cells.map((row) => (row ? cell(row) : ''))];
  });
  return markdownTable(['', ...sizes.map(bytesText)], rows);
}

function printRatios(title: string, results: readonly Result[], peer: string | undefined): void {
  if (peer === undefined || !results.some(({ contender }) => contender === peer)) return;
  const ours = results.filter(({ contender }) => pools.includes(contender));
  const ratio = ({ at, us }: Result): string => brief((fastest(results, peer, at) ?? NaN) / us);
  console.log(`\n${title}\n\n${grid(ours, ratio)}`);
}

/** The worst of a band, as reached and wanted. */
function reached(results: readonly Result[], rows: readonly Result[], target: Target | undefined): string {
  const peer = baselineOf(results, 'serialized');
  const worst = (from: string | undefined): number => {
    return Math.min(...rows.map(({ at, us }) => (from === undefined ? NaN : (fastest(results, from, at) ?? NaN)) / us));
  };
  const extra = rows.map(({ contender, at, us }) => us - (fastest(results, contender, at, 'window Sync') ?? NaN));
  const { toC, toRoofline, extraUs } = target ?? {};
  const parts = [
    toC === undefined ? [] : [`${brief(worst(peer))} of ${toC}×`],
    toRoofline === undefined ? [] : [`${(worst('roofline') * 100).toFixed(0)} of ${toRoofline * 100} %`],
    extraUs === undefined ? [] : [`+${brief(Math.max(...extra))} of ${extraUs} µs`],
  ];
  return rows.length === 0 ? '' : parts.flat().join(', ');
}

function printTargets(results: readonly Result[]): void {
  const ours = results.filter(({ contender, form }) => windowPools.includes(contender) && form in targets);
  const names = [...new Set(ours.map(({ contender, form }) => `${contender}: ${form}`))];
  const rows = names.map((name) => {
    const own = ours.filter(({ contender, form }) => `${contender}: ${form}` === name);
    const cells = bands.map(({ from, to }, i) => {
      const inBand = own.filter(({ at }) => at >= from && at <= to);
      return reached(results, inBand, targets[own[0]!.form]?.[i]);
    });
    return [name, ...cells];
  });
  console.log(`\nThe worst size of each band, reached of wanted (2 ranks on 2 cores)\n`);
  console.log(markdownTable(['', ...bands.map(({ name }) => name)], rows));
}

/** Print everything that a run has measured. */
export function printCollectives({ facts, workers, results, otherWork }: Run): void {
  console.log(`allreduce, float32 sum, ${workers} ranks, µs per call, median of medians\n${sentenceOf(facts)}`);
  console.log(`${sentenceOfOtherWork(otherWork)}\n`);
  console.log(grid(results, ({ us }) => brief(us)));
  const [serialized, single] = [baselineOf(results, 'serialized'), baselineOf(results, 'single')];
  printRatios(`Times as fast as the faster call of ${serialized}`, results, serialized);
  printRatios(`Times as fast as the faster call of ${single}`, results, single);
  printRatios('Part of the roofline', results, 'roofline');
  if (workers === 2) printTargets(results);
}

/** Draw all forms of the first pool over MPI, `window Sync` on threads, and the peers. */
export function drawCollectives(file: string, { facts, workers, results, otherWork }: Run): void {
  const sizes = sizesOf(results);
  const line = (label: string, isOurs: boolean, contender: string, form?: string): Line => {
    const all = sizes.map((at) => [at, fastest(results, contender, at, form)] as const);
    return { label, isOurs, points: all.filter((point): point is [number, number] => point[1] !== undefined) };
  };
  const first = families.find((family) => results.some(({ contender }) => contender === family));
  const forms = [...new Set(results.filter(({ contender }) => contender === first).map(({ form }) => form))];
  const ours = forms.map((form) => line(`${first}: ${form}`, true, first!, form));
  const peers = [...families.map((family) => cName({ family }, 'serialized')), 'roofline', 'mpi4py', 'gloo'];
  const lines = [
    ...ours,
    line('threads: window Sync', true, 'threads', 'window Sync'),
    ...peers.map((name) => line(name, false, name)),
  ];
  writeFigure(file, {
    title: `allreduce, float32 sum, ${workers} ranks: time per call`,
    notes: [...sentenceOf(facts).split('; '), sentenceOfOtherWork(otherWork)],
    xLabel: 'bytes per rank',
    yLabel: 'µs per call (less is better)',
    xTicks: sizes.filter((_, i) => i % 2 === 0),
    xText: bytesText,
    yText: (us) => us.toLocaleString('en-US'),
    lines: lines.filter(({ points }) => points.length > 0),
  });
}
