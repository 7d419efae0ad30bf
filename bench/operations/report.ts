/** Tables of bench/operations.ts. */
import { sentenceOf } from '../report/machine.js';
import { brief, bytesText, markdownTable } from '../report/table.js';
import type { Run } from '../rounds/options.js';
import { sentenceOfOtherWork } from '../rounds/other-work.js';
import type { Result } from '../rounds/rounds.js';

const isPeer = ({ contender }: Result): boolean => contender.startsWith('c-');
const operationOf = ({ form }: Result): string => form.split('|')[0] ?? '';

/** Microseconds of the fastest form of an operation of a peer. */
function fastestOf(results: readonly Result[], peer: string, row: Result): number {
  const same = results.filter((each) => each.contender === peer && each.at === row.at);
  return Math.min(...same.filter((each) => operationOf(each) === operationOf(row)).map(({ us }) => us));
}

/** Print everything that a run has measured. */
export function printOperations({ facts, workers, results, otherWork }: Run): void {
  const sizes = [...new Set(results.map(({ at }) => at))].sort((a, b) => a - b);
  const grid = (rows: readonly Result[], cell: (row: Result) => string): string => {
    const names = [...new Set(rows.map(({ contender, form }) => `${contender}: ${form.replace('|', ', ')}`))];
    const body = names.map((name) => {
      const own = rows.filter(({ contender, form }) => `${contender}: ${form.replace('|', ', ')}` === name);
      return [
        name,
        ...sizes.map((size) =>
          own
            .filter(({ at }) => at === size)
            .map(cell)
            .join(''),
        ),
      ];
    });
    return markdownTable(['', ...sizes.map(bytesText)], body);
  };
  console.log(`float32, ${workers} ranks, µs per call by bytes of a block, median of medians\n${sentenceOf(facts)}`);
  console.log(`${sentenceOfOtherWork(otherWork)}\n\n${grid(results, ({ us }) => brief(us))}`);
  for (const peer of new Set(results.filter(isPeer).map(({ contender }) => contender))) {
    const ours = results.filter((row) => !isPeer(row));
    const ratio = (row: Result): string => {
      const us = fastestOf(results, peer, row);
      return us === Infinity ? '' : brief(us / row.us); // it has no such operation
    };
    if (ours.length > 0) console.log(`\nTimes as fast as the faster form of ${peer}\n\n${grid(ours, ratio)}`);
  }
}
