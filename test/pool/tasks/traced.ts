import { collective } from 'shoal/worker';

const floats = 1_000;

/** Rank 1 comes late to the first call; then calls of every kind, two at a time, and messages around the ring. */
export async function calls(lateMs: number): Promise<number> {
  const { rank, size } = collective;
  const values = new Float32Array(floats).fill(rank);
  if (rank === 1) await new Promise((resolve) => setTimeout(resolve, lateMs));
  await collective.allreduce(values, { name: 'values' });
  for (let i = 0; i < 5; i++) collective.broadcastSync(values);
  const inner = await collective.group(Array.from({ length: size }, (_, each) => each));
  await Promise.all([collective.barrier(), inner.allreduce(new Float64Array(3))]);
  const [own, got] = [new Float32Array(4).fill(rank), new Float32Array(4)];
  for (let i = 0; i < 3; i++) {
    collective.sendrecvSync(own, (rank + 1) % size, got, (rank + size - 1) % size);
  }
  await collective.barrier();
  return got[0] ?? Number.NaN;
}

/** Short calls, more than a trace has room for one by one. */
export function many(count: number): void {
  const values = new Float32Array(2);
  for (let i = 0; i < count; i++) collective.allreduceSync(values);
}

/** Throws in a call. */
export async function mismatch(): Promise<void> {
  await collective.allreduce(new Float32Array(collective.rank + 1));
}
