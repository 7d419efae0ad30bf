/** Who waits for whom, for the error of a message call that nobody has served. */
import type { Carrier, Waiting } from '../backend/carrier.js';
import { describeCall } from './describe.js';
import type { GroupView } from './failures.js';

/** Ranks that are named where anybody could have sent. */
const named = 8;

/** What is known when a deadline passes. */
export interface WaitReport {
  /** Such as `Rank 0 waits for a message from rank 1, rank 1 for one from rank 0: a cycle`. */
  readonly text: string;
  /** The ranks that wait for one another, each for the next, if they do. */
  readonly cycle: readonly number[] | undefined;
  /** Ranks whose part is missing. */
  readonly missing: readonly number[];
}

/** Follow what `rank` waits for, and what those wait for. */
export function whoWaits(group: GroupView, carrier: Carrier, waiting: Waiting): WaitReport {
  const { rank, members } = group;
  if (waiting.peer === undefined) {
    const others = members.map((member) => member.rank).filter((other) => other !== rank);
    const states = others.slice(0, named).map((other) => stateOf(group, carrier, other).text);
    if (others.length > named) states.push(`${others.length - named} further ranks`);
    return { text: [`rank ${rank} ${waitText(waiting)}`, ...states].join('; '), cycle: undefined, missing: others };
  }
  const chain = [rank];
  const parts = [`rank ${rank} ${waitText(waiting)}`];
  for (let next: number | undefined = waiting.peer; next !== undefined;) {
    const start = chain.indexOf(next);
    if (start >= 0) {
      const cycle = chain.slice(start);
      return { text: `${parts.join('; ')}: a cycle`, cycle, missing: cycle.filter((each) => each !== rank) };
    }
    const { text, peer } = stateOf(group, carrier, next);
    chain.push(next);
    parts.push(text);
    next = peer;
  }
  return { text: parts.join('; '), cycle: undefined, missing: [waiting.peer] };
}

/** What another rank does, as far as is known here. */
function stateOf(group: GroupView, carrier: Carrier, rank: number): { text: string; peer: number | undefined } {
  if (rank === group.rank) return { text: `rank ${rank} waits`, peer: undefined };
  const waiting = carrier.waitingOf(rank);
  if (waiting) return { text: `rank ${rank} ${waitText(waiting)}`, peer: waiting.peer };
  const { channel } = group;
  if (channel.finished(rank) !== 0) return { text: `rank ${rank} has returned`, peer: undefined };
  const descriptor = channel.descriptor(rank, channel.departed(rank) + 1);
  const state = descriptor ? `is in ${describeCall(descriptor)}` : 'is in no call that waits';
  return { text: `rank ${rank} ${state}`, peer: undefined };
}

function waitText({ kind, peer, tag }: Waiting): string {
  const which = tag === undefined ? 'any tag' : `tag ${tag}`;
  const who = peer === undefined ? 'anybody' : `rank ${peer}`;
  return kind === 'recv' ? `waits for a message from ${who} with ${which}` : `waits until ${who} receives ${which}`;
}
