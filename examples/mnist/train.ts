/** The task: one epoch of data-parallel training. Every rank computes on its share of every batch. */
import { collective, context } from 'shoal/worker';
import type { Digits } from './data.js';
import { readDigits } from './data.js';
import { addGradient, countCorrect, parameters } from './softmax.js';

export interface Epoch {
  readonly weights: Float32Array;
  /** Mean over the training images. */
  readonly loss: number;
  readonly testAccuracy: number;
  /** Time of the training loop and, within it, in collectives. */
  readonly trainMs: number;
  readonly collectiveMs: number;
}

export const batch = 200;

/** Module state lasts between the tasks of a pool on the same worker: each reads the digits once. */
let digits: { train: Digits; test: Digits } | undefined;

export default async function train(start: Float32Array, learningRate: number): Promise<Epoch> {
  digits ??= { train: readDigits('train'), test: readDigits('t10k') };
  const { rank, size } = context;
  const { train, test } = digits;
  const weights = start;
  const gradient = collective.empty(Float32Array, parameters);
  await collective.barrier();

  const begun = performance.now();
  const waited = context.collectiveMs;
  let loss = 0;
  for (let first = 0; first < train.count; first += batch) {
    const length = Math.min(batch, train.count - first);
    gradient.fill(0);
    const from = first + Math.floor((rank * length) / size);
    const to = first + Math.floor(((rank + 1) * length) / size);
    loss += addGradient(weights, train, from, to, gradient);
    await collective.allreduce(gradient);
    for (let i = 0; i < parameters; i++) weights[i]! -= (learningRate / length) * gradient[i]!;
  }
  const trainMs = performance.now() - begun;
  const collectiveMs = context.collectiveMs - waited;

  const share = [rank, rank + 1].map((r) => Math.floor((r * test.count) / size));
  const totals = Float64Array.of(loss, countCorrect(weights, test, share[0]!, share[1]!));
  await collective.allreduce(totals, { name: 'loss and correct' });
  return {
    weights,
    loss: totals[0]! / train.count,
    testAccuracy: totals[1]! / test.count,
    trainMs,
    collectiveMs,
  };
}
