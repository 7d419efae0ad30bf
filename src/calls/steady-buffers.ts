/** Which buffers a later call may be known by, without reading them again. */
import type { CallArguments } from '../backend/call-arguments.js';
import { countOfTyped } from '../operands/trusted-array.js';

/**
 * Whether a buffer says always what it says once: a typed array of the runtime, over memory whose length cannot change,
 * or a list of such. An array that was made for the result is of one call alone.
 */
export function isKept(buffer: unknown, out: unknown, { memory, result }: CallArguments): buffer is object {
  const isMade = result !== undefined && result !== buffer && result !== out;
  if (isMade || !isSteady(buffer) || (out !== undefined && !isSteady(out))) return false;
  return memory.every((array) => isFixed(array.buffer));
}

/** The elements of a list, in one that nobody else has; what is no list stays. */
export function readList(given: unknown): unknown {
  return Array.isArray(given) ? Array.from({ length: given.length }, (_, i): unknown => given[i]) : given;
}

/** Whether all that there is to say of a buffer, or of the arrays of a list, is which objects they are. */
function isSteady(buffer: unknown): boolean {
  if (!Array.isArray(buffer)) return ArrayBuffer.isView(buffer);
  // Of an empty array nobody could tell later that it was detached.
  return buffer.length > 0 && buffer.every((array) => (countOfTyped(array) ?? 0) > 0);
}

/** Whether memory cannot change its length, but for being detached. */
export function isFixed(buffer: ArrayBufferLike): boolean {
  const { resizable, growable } = buffer as { resizable?: boolean; growable?: boolean };
  return resizable !== true && growable !== true;
}
