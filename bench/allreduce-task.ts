/** One rank of the allreduce benchmark: verifies, then times, beside a copy and a plain loop over the same bytes. */
import { collective, context } from 'shoal/worker';

export interface Timing {
  readonly bytes: number;
  /** Microseconds per call, best of the repetitions. */
  readonly window: number;
  readonly windowAwaited: number;
  readonly plain: number;
  /** Copying the same bytes once, one rank alone. */
  readonly copy: number;
  /** Adding another array of the same size in plain TypeScript, one rank alone. */
  readonly loop: number;
}

const repetitions = 5;

export default async function measure(bytes: number, calls: number): Promise<Timing> {
  const count = bytes / 4;
  const own = collective.current();
  const window = own.empty(Float32Array, count);
  const plain = new Float32Array(count);
  for (const array of [window, plain]) {
    array.fill(context.rank + 1);
    await own.allreduce(array);
    const want = (context.size * (context.size + 1)) / 2;
    if (!array.every((value) => value === want)) throw new Error(`wrong sum at ${bytes} bytes`);
    array.fill(0);
  }
  const awaited = async (): Promise<void> => {
    await own.allreduce(window);
  };
  return {
    bytes,
    window: await best(calls, () => void own.allreduceSync(window)),
    windowAwaited: await best(calls, awaited),
    plain: await best(calls, () => void own.allreduceSync(plain)),
    copy: await alone(calls, () => plain.set(window)),
    loop: await alone(Math.max(1, calls / 10), () => {
      for (let i = 0; i < count; i++) plain[i]! += window[i]!;
    }),
  };
}

async function best(calls: number, call: () => void | Promise<void>): Promise<number> {
  let least = Infinity;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    collective.barrierSync();
    const begun = performance.now();
    for (let i = 0; i < calls; i++) {
      const pending = call();
      if (pending) await pending;
    }
    least = Math.min(least, ((performance.now() - begun) / calls) * 1000);
  }
  return least;
}

/** On rank 0 while the others wait asleep: a barrier before and after. */
async function alone(calls: number, call: () => void): Promise<number> {
  await collective.barrier();
  let least = Infinity;
  if (context.rank === 0) {
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const begun = performance.now();
      for (let i = 0; i < calls; i++) call();
      least = Math.min(least, ((performance.now() - begun) / calls) * 1000);
    }
  }
  await collective.barrier();
  return least;
}
