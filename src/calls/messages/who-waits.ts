/** Who waits for whom, for the error of a message call that nobody has served. */
import type { Carrier, Waiting } from '../../backend/carrier.js';
import { describeCall } from '../../operations/describe.js';
import type { GroupView } from '../failures.js';
import type { MessageRoom } from './message-room.js';

/** Ranks that are named where anybody could have sent. */
const named = 8;

/** What ends a cycle: no deadline is long enough for it. */
export const cycleCure: string =
  'A cycle never ends by itself: let one of these ranks make its calls in another order, use sendrecv, or begin both ' +
  'calls before you await either';

/** What is known when a deadline passes. */
export interface WaitReport {
  /** Such as `Rank 0 waits for a message from rank 1, rank 1 for one from rank 0: a cycle`. */
  readonly text: string;
  /** The ranks that wait for one another, each for the next, if they do. */
  readonly cycle: readonly number[] | undefined;
  /** Ranks whose part is missing. */
  readonly missing: readonly number[];
}

/** A rank and what it waits for, where that is known. */
interface State {
  readonly rank: number;
  readonly text: string;
  readonly waiting: Waiting | undefined;
}

/** Follow what `rank` waits for, and what those wait for. */
export function whoWaits(group: GroupView, carrier: Carrier, room: MessageRoom, waiting: Waiting): WaitReport {
  const { rank, members } = group;
  const own: State = { rank, text: `rank ${rank} ${waitText(waiting)}`, waiting };
  if (waiting.peer === undefined) {
    const others = members.map((member) => member.rank).filter((other) => other !== rank);
    const states = others.slice(0, named).map((other) => stateOf(group, carrier, other).text);
    if (others.length > named) states.push(`${others.length - named} further ranks`);
    return { text: [own.text, ...states].join('; '), cycle: undefined, missing: others };
  }
  const chain = [own];
  for (let next: number | undefined = waiting.peer; next !== undefined; next = chain.at(-1)?.waiting?.peer) {
    const start = chain.findIndex((state) => state.rank === next);
    if (start < 0) {
      chain.push(stateOf(group, carrier, next));
      continue;
    }
    const text = textOf(chain);
    const full = roomText(room, rank, chain);
    if (full !== undefined) return { text: `${text}; ${full}`, cycle: undefined, missing: [waiting.peer] };
    const inCycle = chain.slice(start);
    const cycle = inCycle.map((state) => state.rank);
    if (inCycle.every((state) => isOfGroup(state.waiting))) {
      return {
        text: `${text}. They gave other ranks, or the same in another order`,
        cycle: undefined,
        missing: [waiting.peer],
      };
    }
    if (areMatched(inCycle)) return { text, cycle: undefined, missing: [waiting.peer] };
    return { text: `${text}: a cycle`, cycle, missing: cycle.filter((each) => each !== rank) };
  }
  const full = roomText(room, rank, chain);
  return { text: textOf(chain) + (full ? `; ${full}` : ''), cycle: undefined, missing: [waiting.peer] };
}

/** One of two sends what the other receives: the bytes are on their way, however slowly. */
function areMatched(states: readonly State[]): boolean {
  const [one, other] = states.map(({ waiting }) => waiting);
  if (!one || !other || states.length > 2 || one.kind === other.kind) return false;
  return one.tag === undefined || other.tag === undefined || one.tag === other.tag;
}

function textOf(chain: readonly State[]): string {
  return chain.map(({ text }) => text).join('; ');
}

/** Where messages between two that wait find no room; undefined: they all do, as far as is known. */
function roomText(room: MessageRoom, rank: number, chain: readonly State[]): string | undefined {
  for (const { rank: one, waiting } of chain) {
    const other = waiting?.peer;
    if (waiting === undefined || other === undefined) continue;
    // What this rank knows of itself comes before what others have told.
    if (other === rank && room.lacksFor(one)) return room.text(one, rank);
    if (one === rank && room.lacksFor(other)) return room.text(other, rank);
    if (one === rank ? room.lacksAt(other) : waiting.lacksRoom) return room.text(one, other);
  }
  return undefined;
}

/** What another rank does, as far as is known here. */
function stateOf(group: GroupView, carrier: Carrier, rank: number): State {
  if (rank === group.rank) return { rank, text: `rank ${rank} waits`, waiting: undefined };
  const waiting = carrier.waitingOf(rank);
  if (waiting) return { rank, text: `rank ${rank} ${waitText(waiting)}`, waiting };
  const { channel } = group;
  if (channel.finished(rank) !== 0) return { rank, text: `rank ${rank} has returned`, waiting };
  const descriptor = channel.descriptor(rank, channel.departed(rank) + 1);
  const state = descriptor ? `is in ${describeCall(descriptor)}` : 'is in no call that waits';
  return { rank, text: `rank ${rank} ${state}`, waiting };
}

/** It makes a group of listed ranks. */
export function isOfGroup(waiting: Waiting | undefined): boolean {
  return waiting?.tag !== undefined && waiting.tag < 0;
}

function waitText(waiting: Waiting): string {
  const { kind, peer, tag } = waiting;
  if (isOfGroup(waiting)) return `waits in group(…) for rank ${peer}`;
  const which = tag === undefined ? 'any tag' : `tag ${tag}`;
  const who = peer === undefined ? 'anybody' : `rank ${peer}`;
  return kind === 'recv' ? `waits for a message from ${who} with ${which}` : `waits until ${who} receives ${which}`;
}
