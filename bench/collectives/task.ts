/** One rank of bench/collectives.ts: verifies and times every form at every size, all of a round in one task. */
import { collective, context } from 'shoal/worker';
import type { PreparedForm } from './forms.js';
import { forms } from './forms.js';
import type { Measured } from '../rounds/samples.js';
import { medianUs } from '../rounds/samples.js';

const pattern = 97;

/** One call with known numbers; throws on the rank that has a wrong sum. Leaves zeros in the input. */
async function verify({ input, result, loop }: PreparedForm, label: string): Promise<void> {
  const { rank, size } = context;
  for (let i = 0; i < input.length; i++) input[i] = (rank + 1) * (i % pattern);
  const pending = loop(1);
  if (pending) await pending;
  const ranks = (size * (size + 1)) / 2;
  for (let i = 0; i < result.length; i++) {
    const want = ranks * (i % pattern);
    if (result[i] !== want) throw new Error(`${label}: element ${i} is ${result[i]} on rank ${rank}, not ${want}`);
  }
  input.fill(0);
}

/** `budgetUs`: microseconds that one form at one size may take, about. */
export default async function measure(sizes: readonly number[], budgetUs: number): Promise<Measured[]> {
  const own = collective.current();
  const rows: Measured[] = [];
  for (const bytes of sizes) {
    for (const [form, prepare] of forms) {
      const prepared = prepare(own, bytes / Float32Array.BYTES_PER_ELEMENT);
      await verify(prepared, `${form}, ${bytes} bytes`);
      rows.push({ form, at: bytes, us: await medianUs(own, prepared.loop, budgetUs) });
      own.barrierSync();
      prepared.free();
    }
  }
  return rows;
}
