/** What is said of collectives that were in flight when the function of their task ended. */
import { withArticle } from '../grammar.js';
import type { InFlightCall } from '../protocol/thread-messages.js';
import type { RankOutcome } from './verdict.js';

/** Calls that are named; of the others there is only the number. */
const named = 3;

/** One text for a task, however many of its ranks made the mistake; undefined: none did. */
export function inFlightWarning(taskId: string, outcomes: readonly RankOutcome[]): string | undefined {
  const left = outcomes.flatMap(({ rank, outcome }) => {
    const calls = outcome.kind === 'returned' || outcome.kind === 'threw' ? (outcome.inFlight ?? []) : [];
    return calls.length > 0 ? [{ rank, calls, how: outcome.kind }] : [];
  });
  left.sort((a, b) => a.rank - b.rank);
  const [first] = left;
  if (!first) return undefined;
  const who = ranksText(left.map(({ rank }) => rank));
  return `task ${taskId}: its function ${first.how} on ${who} while ${inFlightText(first.calls)}`;
}

/** `rank 1`, `ranks 0, 2`; the first few. */
export function ranksText(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  return `ranks ${ranks.slice(0, 8).join(', ')}${ranks.length > 8 ? ', …' : ''}`;
}

/** `nobody had awaited allreduce, call 1 of the group …`, with what to do. */
export function inFlightText(calls: readonly InFlightCall[]): string {
  const [made, left] = [calls.filter(({ sequence }) => sequence > 0), calls.filter(({ sequence }) => sequence === 0)];
  return [...(made.length > 0 ? [callsText(made)] : []), ...(left.length > 0 ? [messagesText(left)] : [])].join('; ');
}

function callsText(calls: readonly InFlightCall[]): string {
  const list = calls.slice(0, named).map(({ operation, sequence, at }) => {
    // A call of one rank says with which other, in brackets.
    const whose = operation.includes('(') ? 'message call' : 'call';
    const number = `${whose} ${sequence} of ${whose === 'call' ? 'the group' : 'the rank'}`;
    return `${operation}, ${number}${at === undefined ? '' : `, made at ${at}`}`;
  });
  if (calls.length > named) list.push(`${calls.length - named} or more further calls`);
  const where = calls.every(({ at }) => at === undefined) ? '; SHOAL_DEBUG=1 names the line that made the call' : '';
  return (
    `nobody had awaited ${list.join(' and ')}: what its buffer holds then depends on luck. ` +
    `Await every collective and message before the function ends${where}`
  );
}

/** Records of number 0 are messages. */
function messagesText(messages: readonly InFlightCall[]): string {
  const list = messages.slice(0, named).map(({ operation }) => withArticle(operation));
  if (messages.length > named) list.push(`${messages.length - named} or more further messages`);
  return `nobody had received ${list.join(' and ')}: it is lost`;
}
