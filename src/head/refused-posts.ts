/** What is said of values that `context.post` had no room for. */
import { counted } from '../grammar.js';
import { ranksText } from './in-flight.js';
import type { RankOutcome } from './verdict.js';

/** One text for a task; undefined: everything was sent. */
export function refusedWarning(taskId: string, outcomes: readonly RankOutcome[]): string | undefined {
  const refused = outcomes.flatMap(({ rank, outcome }) => {
    const count = outcome.kind === 'returned' || outcome.kind === 'threw' ? (outcome.refused ?? 0) : 0;
    return count > 0 ? [{ rank, count }] : [];
  });
  if (refused.length === 0) return undefined;
  const total = refused.reduce((sum, { count }) => sum + count, 0);
  const ranks = refused.map(({ rank }) => rank).sort((a, b) => a - b);
  return (
    `task ${taskId}: context.post returned false ${counted(total, 'time')} on ${ranksText(ranks)}, and dropped what it was given. ` +
    `The driver took the values more slowly than they came. Post less often, or again later`
  );
}
