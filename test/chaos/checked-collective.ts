/** One collective drawn at random, the same on every rank, whose result this rank computes for itself too. */
import type { Collective, ReduceOp } from 'shoal/worker';

const classes = [Float32Array, Float64Array, Int32Array, Int16Array, Uint8Array, Uint32Array] as const;
const counts = [0, 1, 2, 10, 100, 3_000, 20_000, 150_000] as const;
const folds = {
  sum: (a: number, b: number) => a + b,
  prod: (a: number, b: number) => a * b,
  min: Math.min,
  max: Math.max,
} as const satisfies Partial<Record<ReduceOp, (a: number, b: number) => number>>;
const ops = Object.keys(folds) as (keyof typeof folds)[];

/** Small, so that every dtype holds every result or wraps it as the kernels do. */
const element = (rank: number, i: number, salt: number): number => 1 + ((rank * 7 + i * 3 + salt) % 5);

/** Call it and compare. @throws Error that begins with `wrong: ` */
export async function checkedCollective(random: (limit: number) => number, collective: Collective): Promise<void> {
  const { rank, size } = collective;
  const [kind, salt] = [random(10), random(1_000)];
  const arrayClass = classes[random(classes.length)] as Float64ArrayConstructor;
  const count = counts[random(counts.length)]!;
  const op = ops[random(ops.length)]!;
  const [root, isWindow, isSync] = [random(size), random(2) === 0, random(3) === 0];
  if (kind === 0) {
    if (isSync) collective.barrierSync();
    else await collective.barrier();
    return;
  }
  const array = isWindow ? collective.empty(arrayClass, count) : new arrayClass(count);
  for (let i = 0; i < count; i++) array[i] = element(rank, i, salt);
  let what: string;
  let expected: (i: number) => number;
  if (kind < 3) {
    what = `broadcast from ${root}`;
    expected = (i) => element(root, i, salt);
    if (isSync) collective.broadcastSync(array, { root });
    else await collective.broadcast(array, { root });
  } else {
    what = op;
    const one = new arrayClass(1);
    expected = (i) => {
      one[0] = element(0, i, salt);
      for (let from = 1; from < size; from++) one[0] = folds[op](one[0], element(from, i, salt));
      return one[0];
    };
    if (isSync) collective.allreduceSync(array, { op });
    else await collective.allreduce(array, { op });
  }
  const stride = count > 1_000 ? 37 : 1;
  for (let i = 0; i < count; i += stride) {
    const [seen, right] = [array[i], expected(i)];
    if (seen === right) continue;
    const place = `element ${i} of ${count} on rank ${rank} of ${size}`;
    throw new Error(`wrong: ${what} of ${arrayClass.name}: ${place} is ${seen}, not ${right}`);
  }
  if (isWindow) collective.free(array);
}
