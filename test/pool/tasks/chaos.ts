/** A task that checks every result while something goes wrong at some time. */
import { collective, context } from 'shoal/worker';

export default async function chaos(end: string, afterMs: number, seed: number): Promise<string> {
  const { rank, size } = context;
  const victim = seed % size;
  const deadline = performance.now() + afterMs;
  const window = collective.empty(Float32Array, 200_000);
  const plain = new Int32Array(150_000);
  for (let call = 0; call < 400; call++) {
    if (performance.now() > deadline && rank === victim) misbehave(end);
    const large = (seed + call) % 3 === 0;
    const array =
      (seed + call) % 2 === 0 ? window.subarray(0, large ? 200_000 : 100) : plain.subarray(0, large ? 150_000 : 100);
    array.fill(rank + call);
    if (call % 5 === 0) collective.allreduceSync(array as Float32Array);
    else await collective.allreduce(array as Float32Array);
    const want = (size * (size - 1)) / 2 + size * call;
    for (let i = 0; i < array.length; i += 37) {
      if (array[i] !== want) throw new Error(`wrong: call ${call} element ${i} is ${array[i]}, not ${want}`);
    }
    // Ranks leave the loop together: the decision of rank 0 counts.
    if (end === 'good' && (await collective.broadcast(Uint8Array.of(performance.now() > deadline ? 1 : 0)))[0] === 1)
      break;
  }
  return 'right';
}

function misbehave(end: string): void {
  switch (end) {
    case 'throw':
      throw new Error('chaos');
    case 'exit':
      process.exit(1);
      break;
    case 'late':
      setTimeout(() => {
        throw new Error('late chaos');
      }, 1);
      return;
    case 'spin':
      for (;;) if (context.rank < 0) break;
      return;
    case 'skip':
      collective.barrierSync();
  }
}
