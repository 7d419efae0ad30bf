/**
 * Copies of the bytes of short messages: a loop, a kernel, `set` or the addon, whichever takes the least time for so many.
 */
import type { ArrayMemory } from '../../operands/array-memory.js';
import type { RankWindow } from './rank-window.js';

/** Up to so many bytes a loop is faster than anything else. */
const loopBytes = 64;
/** Up to so many `set` is faster than a call of the addon. */
const setBytes = 2_048;

/** Copy a whole array to the window, from a word on. False, and nothing copied, when the array was detached. */
export function copyIn(window: RankWindow, word: number, memory: ArrayMemory): boolean {
  const { sizeBytes, words, bytes } = memory;
  if (!memory.isThere) return false;
  if (words && sizeBytes <= loopBytes) {
    const { u32 } = window.node;
    for (let i = 0; i < words.length; i++) u32[word + i] = words[i] ?? 0;
    return true;
  }
  if (!memory.isAligned || sizeBytes > setBytes || window.holds(memory)) {
    return window.copy.stage(word * 4, memory.array, 0, sizeBytes);
  }
  window.node.bytes.set(bytes, word * 4);
  return true;
}

/** Copy bytes of the window to the beginning of an array, which has room for them. False as above. */
export function copyOut(window: RankWindow, word: number, memory: ArrayMemory, sizeBytes: number): boolean {
  const { words, bytes } = memory;
  if (!memory.isThere) return false;
  if (words && sizeBytes <= loopBytes && sizeBytes % 4 === 0) {
    const { u32 } = window.node;
    const count = sizeBytes >>> 2;
    for (let i = 0; i < count; i++) words[i] = u32[word + i] ?? 0;
    return true;
  }
  if (!memory.isAligned || sizeBytes > setBytes || window.holds(memory)) {
    return window.copy.outOf(word * 4, memory.array, 0, sizeBytes);
  }
  bytes.set(window.node.bytes.subarray(word * 4, word * 4 + sizeBytes));
  return true;
}
