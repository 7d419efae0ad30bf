/** The task: train a model of digits with one set of hyper-parameters, and tell after each epoch how it goes. */
import { collective, context } from 'shoal/worker';
import type { Digits } from '../mnist/data.js';
import { addGradient, parameters } from '../mnist/softmax.js';

export interface HyperParameters {
  readonly learningRate: number;
  readonly batch: number;
}

/** What rank 0 posts after each epoch. */
export interface Progress {
  readonly epoch: number;
  /** Mean over the images of the epoch. */
  readonly loss: number;
}

/** @returns The loss of the last epoch. */
export default async function trial(
  digits: Digits,
  { learningRate, batch }: HyperParameters,
  epochs: number,
): Promise<number> {
  const { rank, size } = context;
  const weights = new Float32Array(parameters);
  const gradient = collective.empty(Float32Array, parameters);
  let loss = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    loss = 0;
    for (let first = 0; first < digits.count; first += batch) {
      const length = Math.min(batch, digits.count - first);
      const [from, to] = [rank, rank + 1].map((r) => first + Math.floor((r * length) / size)) as [number, number];
      loss += addGradient(weights, digits, from, to, gradient.fill(0));
      await collective.allreduce(gradient);
      gradient.forEach((slope, i) => (weights[i]! -= (learningRate / length) * slope));
    }
    loss = (await collective.allreduce(loss)) / digits.count;
    if (rank === 0) context.post({ epoch, loss } satisfies Progress);
    await new Promise(setImmediate); // lets a cancel through
    context.signal.throwIfAborted();
  }
  return loss;
}
