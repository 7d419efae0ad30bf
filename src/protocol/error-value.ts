/** Errors, and whatever else was thrown, in bytes: always, within bounds, and as much of it as fits. */
import { inspect } from 'node:util';
import type { EncodeLimits } from './encode-nodes.js';
import { encodeValue } from './values.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Errors that are told one behind the other; the cut of a longer chain is said. */
const causes = 100;

/** From all that is useful to what always fits. */
const attempts: readonly EncodeLimits[] = [
  { nodes: 10_000, size: 2 * MIB, rawBytes: 16 * MIB, causes, inWords },
  { nodes: 100, size: 8 * KIB, rawBytes: KIB, causes: 8, inWords },
  // Entry 0 is no node: the error itself has room, and nothing that hangs on it.
  { nodes: 2, size: 3_000, rawBytes: 0, causes: 0, inWords },
];

/** Encode what was thrown, whatever it holds: what cannot be copied, or is too much, is said in words. Never throws. */
export function encodeError(error: unknown, limitBytes: number = 12 * KIB): Uint8Array {
  for (const limits of attempts) {
    try {
      const encoded = encodeValue(error, 'error', limits);
      if (encoded.length <= limitBytes) return encoded;
    } catch {
      // Something in it throws where nothing should; less of it is told.
    }
  }
  return encodeValue(new Error(inWords(error).slice(0, KIB)), 'error');
}

/** A value as text of bounded length, for what is not copied. */
export function inWords(value: unknown): string {
  const options = { depth: 1, maxArrayLength: 8, maxStringLength: 200, breakLength: Infinity, customInspect: false };
  try {
    return inspect(value, options).slice(0, KIB);
  } catch {
    return '[a value that cannot be shown]';
  }
}
