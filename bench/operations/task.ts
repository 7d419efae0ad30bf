/** One rank of bench/operations.ts: verifies and times every operation at every size, all of a round in one task. */
import type { Collective } from 'shoal/worker';
import { collective, context } from 'shoal/worker';
import type { Measured } from '../rounds/samples.js';
import { medianUs } from '../rounds/samples.js';
import type { TimedOperation } from './operations.js';
import { brought, timedOperations } from './operations.js';

/** Where the arrays are; in place: the shorter one is this rank's block of the longer one, in the window. */
const kinds = ['window', 'in place', 'plain'] as const;

/** `budgetUs`: microseconds that one operation at one size may take, about. */
export default async function measure(sizes: readonly number[], budgetUs: number): Promise<Measured[]> {
  const own = collective.current();
  const rows: Measured[] = [];
  for (const bytes of sizes) {
    for (const operation of timedOperations) {
      for (const kind of kinds) {
        if (kind === 'in place' && !operation.hasBlockForm) continue;
        const us = await measureOne(own, operation, kind, bytes / Float32Array.BYTES_PER_ELEMENT, budgetUs);
        rows.push({ form: `${operation.name}|${kind}`, at: bytes, us });
      }
    }
  }
  return rows;
}

async function measureOne(
  own: Collective,
  operation: TimedOperation,
  kind: (typeof kinds)[number],
  count: number,
  budgetUs: number,
): Promise<number> {
  const { brings, gets, inPlace, call } = operation;
  const lengths = [brings, gets].map((blocks) => (blocks === 'each' ? count * context.size : count));
  const make = (length: number): Float32Array =>
    kind === 'plain' ? new Float32Array(length) : own.empty(Float32Array, length);
  const blockOf = (whole: Float32Array): Float32Array =>
    whole.subarray(context.rank * count, (context.rank + 1) * count);
  const longer = make(Math.max(...lengths));
  const isBlock = kind === 'in place';
  const x = brings === 'each' || !isBlock ? longer.subarray(0, lengths[0]) : blockOf(longer);
  const made = inPlace || isBlock ? undefined : make(lengths[1]!);
  const out = made ?? (brings === 'each' && isBlock ? blockOf(longer) : isBlock ? longer : x);
  verify(own, operation, x, out, count);
  const us = await medianUs(
    own,
    (calls) => {
      for (let i = 0; i < calls; i++) call(own, x, out);
    },
    budgetUs,
  );
  own.barrierSync();
  if (kind !== 'plain') for (const array of [longer, made]) if (array) own.free(array);
  return us;
}

/** One call with known numbers; throws on the rank that has a wrong result. Leaves zeros in the arrays. */
function verify(own: Collective, operation: TimedOperation, x: Float32Array, out: Float32Array, count: number): void {
  const { rank, size } = context;
  for (let i = 0; i < x.length; i++) x[i] = brought(rank, i);
  operation.call(own, x, out);
  for (let i = 0; i < out.length && (!operation.onRoot || rank === 0); i++) {
    const want = operation.want({ rank, size, count }, i);
    if (out[i] !== want) throw new Error(`${operation.name}: element ${i} is ${out[i]} on rank ${rank}, not ${want}`);
  }
  own.barrierSync();
  x.fill(0);
  out.fill(0);
  own.barrierSync();
}
