/** What a case of a conformance test works with: arrays between poison, calls in any form, and what was wrong. */
import { deepStrictEqual } from 'node:assert';
import type { Collective, TypedArray, TypedArrayClass } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import { failure } from '../../shared/tasks/failure.js';
import { randomOf } from '../../support/random.js';

/** By name; every rank of a group runs all of them in their order. */
export type Cases = Readonly<Record<string, (c: Case) => Promise<void>>>;

/** How a call is made. */
export type Form = 'awaited' | 'blocking' | 'prepared';

/** The ranks share one thread, in which no form but the awaited one is. */
const isOneThread = ['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '');

/** Elements before and after an array that no call may write. */
const margin = 3;
const poison = 0xa5;

type Method = (...values: unknown[]) => unknown;
interface Prepared {
  startSync(): unknown;
  free(): void;
}

/** One case on one rank. What it draws is the same on all ranks. */
export class Case {
  readonly rank = context.rank;
  readonly size = context.size;
  readonly wrong: string[] = [];
  /** A whole number from 0 to below a limit. */
  readonly draw: (limit: number) => number;
  readonly #arrays: { whole: TypedArray; length: number; isInWindow: boolean }[] = [];

  constructor(draw: (limit: number) => number) {
    this.draw = draw;
  }

  /** One of a list. */
  oneOf<T>(list: readonly T[]): T {
    return list[this.draw(list.length)]!;
  }

  /** Zeros between poison, in the window every other time that one is made. */
  array<T extends TypedArray>(Class: TypedArrayClass<T>, length: number): T {
    const total = length + 2 * margin;
    const isInWindow = this.#arrays.length % 2 === 1;
    const Plain = Class as unknown as new (length: number) => T;
    const whole = isInWindow ? collective.empty(Class, total) : new Plain(total);
    bytesOf(whole).fill(poison);
    this.#arrays.push({ whole, length, isInWindow });
    const array = whole.subarray(margin, margin + length) as T;
    bytesOf(array).fill(0);
    return array;
  }

  /** A call of an operation; a prepared one is started once. */
  async call(operation: string, form: Form, ...values: unknown[]): Promise<unknown> {
    return this.callOf(collective, operation, form, ...values);
  }

  /** The same of another group. */
  async callOf(group: Collective, operation: string, form: Form, ...values: unknown[]): Promise<unknown> {
    const methods = group as unknown as Readonly<Record<string, Method>>;
    if (form === 'awaited' || isOneThread) return methods[operation]!(...values);
    if (form === 'blocking') return methods[`${operation}Sync`]!(...values);
    const prepared = methods[`${operation}Init`]!(...values) as Prepared;
    const result = prepared.startSync();
    prepared.free();
    return result;
  }

  note(text: string): void {
    this.wrong.push(`rank ${this.rank} of ${this.size}: ${text}`);
  }

  /** Each element of an array. */
  elements(label: string, got: ArrayLike<unknown> | undefined, length: number, want: (i: number) => unknown): void {
    if (got?.length !== length) {
      this.note(`${label}: ${got?.length} elements, not ${length}`);
      return;
    }
    for (let i = 0; i < length; i++) {
      const value = want(i);
      if (!Object.is(got[i], value)) {
        this.note(`${label}: element ${i} of ${length} is ${String(got[i])}, not ${String(value)}`);
        return;
      }
    }
  }

  same(label: string, got: unknown, want: unknown): void {
    try {
      deepStrictEqual(got, want);
    } catch (error) {
      this.note(`${label}: ${(error as Error).message}`);
    }
  }

  /** A call that is to fail with a code on this rank; the group goes on after it. */
  async refused(sentence: string, call: () => unknown, code: string): Promise<void> {
    this.wrong.push(...(await failure(sentence, async () => call(), code)));
    const [ranks] = await collective.allreduce(Float64Array.of(1));
    if (ranks !== this.size) this.note(`${sentence}: the group counts ${ranks} ranks after it`);
  }

  /** Look at the poison around all arrays, and give them back. */
  end(): readonly string[] {
    for (const { whole, length, isInWindow } of this.#arrays) {
      const bytes = bytesOf(whole);
      const edge = margin * whole.BYTES_PER_ELEMENT;
      const around = [...bytes.subarray(0, edge), ...bytes.subarray(bytes.length - edge)];
      if (around.some((byte) => byte !== poison)) this.note(`bytes beside an array of ${length} were written`);
      if (isInWindow) collective.free(whole);
    }
    return this.wrong;
  }
}

/** From this size on a run has every fourth case, beginning at one that is drawn. */
const manyRanks = 10;

/** What was wrong, in words, with the case's name before it. */
export async function runCases(cases: Cases, seed: number): Promise<string[]> {
  const wrong: string[] = [];
  for (const [index, [name, run]] of Object.entries(cases).entries()) {
    if (context.size >= manyRanks && (index + seed) % 4 !== 0) continue;
    const one = new Case(randomOf(seed + index));
    try {
      await run(one);
    } catch (error) {
      throw new Error(`the case “${name}” threw: ${String(error)}`, { cause: error });
    }
    wrong.push(...one.end().map((text) => `${name}: ${text}`));
  }
  return wrong;
}

/** The bytes of an array, where they lie. */
export function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
