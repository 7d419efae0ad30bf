/** What cases of messages have in common. */
import type { Dtype, TypedArray } from 'shoal/worker';
import { collective } from 'shoal/worker';
import { dtypes } from '../../shared/tasks/oracle.js';
import type { Case } from './case.js';
import { bytesOf } from './case.js';
import { classOf } from './table-call.js';

/** Short ones that are kept, and long ones that are fetched. */
export const lengths = [0, 1, 7, 500, 1_100, 40_000] as const;

/** The ranks beside this one in a ring. */
export function neighbours(c: Case): { readonly next: number; readonly before: number } {
  return { next: (c.rank + 1) % c.size, before: (c.rank + c.size - 1) % c.size };
}

/** An array whose bytes follow from a rank and a number. */
export function marked(c: Case, dtype: Dtype, length: number, rank: number, number: number): TypedArray {
  const array = c.array(classOf(dtype), length);
  bytesOf(array).fill((31 * rank + number) % 251);
  return array;
}

/** Whether its bytes are those. */
export function checkMark(c: Case, label: string, array: TypedArray, rank: number, number: number): void {
  const mark = (31 * rank + number) % 251;
  if (bytesOf(array).some((byte) => byte !== mark)) c.note(`${label}: other bytes than those of rank ${rank}`);
}

/** Send to the next rank and receive from the one before, of every dtype, with a form of receive. */
export async function ringOfDtypes(
  c: Case,
  exchange: (sent: TypedArray, got: TypedArray, dtype: Dtype) => Promise<void>,
): Promise<void> {
  const { before } = neighbours(c);
  for (const [number, dtype] of dtypes.entries()) {
    // Of pairs both parts.
    const length = 2 * c.oneOf([0, 1, 5, 700]);
    const got = c.array(classOf(dtype), length);
    await exchange(marked(c, dtype, length, c.rank, number), got, dtype);
    checkMark(c, dtype, got, before, number);
  }
}

/** All ranks are here: a receive from anybody gets no message of another case. */
export async function together(c: Case): Promise<void> {
  const [ranks] = await collective.allreduce(Float64Array.of(1));
  if (ranks !== c.size) c.note(`the group counts ${ranks} ranks`);
}
