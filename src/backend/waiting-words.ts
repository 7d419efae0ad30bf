/** What a rank waits for, in two words that others read for the text of errors. */
import type { Waiting } from './carrier.js';

const kinds = ['recv', 'send'] as const;
/** Tags of users are not negative. */
const anyTag = -1;
const roomFlag = 0x80;

/** The words; those of nothing are 0 and any tag. */
export function encodeWaiting(waiting: Waiting | undefined): { what: number; tag: number } {
  const kind = waiting ? kinds.indexOf(waiting.kind) + 1 : 0;
  const room = waiting?.lacksRoom === true ? roomFlag : 0;
  return { what: kind | room | (((waiting?.peer ?? -1) + 1) << 8), tag: (waiting?.tag ?? anyTag) >>> 0 };
}

/** Undefined: it waits for nothing. What another rank has written is checked. @param ranks - Of the group. */
export function decodeWaiting(what: number, tag: number, ranks: number): Waiting | undefined {
  const kind = kinds[(what & 0x7f) - 1];
  const peer = (what >>> 8) - 1;
  if (!kind || peer >= ranks) return undefined;
  const signed = tag | 0;
  // Tags below that are of calls of our own.
  const lacksRoom = (what & roomFlag) !== 0;
  return { kind, peer: peer < 0 ? undefined : peer, tag: signed === anyTag ? undefined : signed, lacksRoom };
}
