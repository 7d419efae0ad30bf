/** Where the result of a call goes: how long it must be, and what it may share with the buffer. */
import { counted, withArticle } from '../grammar.js';
import { InvalidArgumentError } from '../errors.js';
import type { TypedArray } from '../types/buffers.js';
import type { Operation } from '../operations/operation.js';
import type { Operand } from './operand.js';
import { shapeText } from './operand.js';

/** Which ranks a call is among. */
export interface RankOf {
  readonly rank: number;
  readonly size: number;
}

/**
 * Check `out` against the buffer.
 *
 * @param what - The call, for errors.
 * @param blockBytes - Bytes of one block.
 * @throws {@link InvalidArgumentError}
 */
export function checkOut(
  what: string,
  { brings, gets }: Operation,
  buffer: Operand,
  out: Operand,
  blockBytes: number,
  { rank, size }: RankOf,
): void {
  const wanted = blockBytes * (gets === 'each' ? size : 1);
  const sameShape = brings !== 'one' || gets !== 'one' || !buffer.layout || !out.layout || equalShapes(buffer, out);
  if (out.tag !== buffer.tag || out.array.byteLength !== wanted || !sameShape) {
    const isAlike = brings === gets;
    const expected = isAlike ? lengthText(buffer) : counted(wanted / out.array.BYTES_PER_ELEMENT, 'element');
    const relation = isAlike ? 'like buffer' : gets === 'each' ? `(${size} times buffer)` : '(a block of buffer)';
    throw new InvalidArgumentError(
      `${what}: expected out to be ${withArticle(buffer.tag)} of ${expected} ${relation}, received ` +
        `${withArticle(out.tag)} of ${lengthText(out)}`,
    );
  }
  if (!overlap(out.memory, buffer.memory)) return;
  const isPacked = out.packed !== undefined || buffer.packed !== undefined;
  if (!isPacked && sameRange(...sharedBlocks(brings, gets, buffer.memory, out.memory, blockBytes, rank))) return;
  const allowed = brings === gets ? (brings === 'one' ? 'the same array, or ' : '') : "this rank's block, or ";
  throw new InvalidArgumentError(`${what}: out overlaps buffer; pass ${allowed}an array apart from it`);
}

/** The memory that a call uses: a buffer and where its result goes, one within the other or apart. The result's is last. */
export function usedMemory(buffer: TypedArray | undefined, out: TypedArray | undefined): readonly TypedArray[] {
  if (!buffer || !out || buffer === out) return [buffer ?? out].filter((each) => each !== undefined);
  if (!overlap(buffer, out)) return [buffer, out];
  return [buffer.byteLength > out.byteLength ? buffer : out];
}

/** What must be the same memory where the two overlap. */
function sharedBlocks(
  brings: Operation['brings'],
  gets: Operation['gets'],
  buffer: TypedArray,
  out: TypedArray,
  blockBytes: number,
  rank: number,
): [TypedArray | Range, TypedArray | Range] {
  if (brings === 'one' && gets === 'each') return [buffer, blockOf(out, blockBytes, rank)];
  if (brings === 'each' && gets === 'one') return [blockOf(buffer, blockBytes, rank), out];
  // Every block of the one would be read after one of the other was written.
  return brings === 'one' ? [buffer, out] : [buffer, blockOf(out, 0, -1)];
}

type Range = Pick<TypedArray, 'buffer' | 'byteOffset' | 'byteLength'>;

function blockOf({ buffer, byteOffset }: TypedArray, blockBytes: number, rank: number): Range {
  return { buffer, byteOffset: byteOffset + rank * blockBytes, byteLength: blockBytes };
}

function equalShapes(a: Operand, b: Operand): boolean {
  return lengthText(a) === lengthText(b);
}

function lengthText({ layout, array }: Operand): string {
  return layout && layout.axes.length > 1 ? `${shapeText(layout)} elements` : counted(array.length, 'element');
}

/** @throws {@link InvalidArgumentError} when two arrays that a call writes or reads share a byte. */
export function assertApart(what: string, arrays: readonly TypedArray[]): void {
  const places = new Map<ArrayBufferLike, TypedArray[]>();
  for (const array of arrays) {
    const there = places.get(array.buffer);
    if (there) there.push(array);
    else places.set(array.buffer, [array]);
  }
  for (const list of places.values()) {
    list.sort((a, b) => a.byteOffset - b.byteOffset);
    const meets = list.some((array, i) => i > 0 && !areApart(list[i - 1] ?? array, array));
    if (!meets) continue;
    throw new InvalidArgumentError(
      `${what}: expected the arrays of a list, and those of out, to lie apart; some share memory`,
    );
  }
}

/** Whether two arrays share no byte. */
export function areApart(a: TypedArray, b: TypedArray): boolean {
  return !overlap(a, b);
}

function overlap(a: Range, b: Range): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

function sameRange(a: Range, b: Range): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
}
