/** The task: train a model of TensorFlow.js. Every rank has a share of each batch; one call adds up all gradients. */
import * as tf from '@tensorflow/tfjs';
import { collective, context } from 'shoal/worker';
import type { Digits } from '../mnist/data.js';

export interface Training {
  /** Kernels and biases of the layers, one array each. */
  readonly weights: Float32Array[];
  /** Mean over the images, of each epoch. */
  readonly losses: number[];
  /** Of the fastest epoch, over all ranks. */
  readonly imagesPerSecond: number;
}

export default async function train(digits: Digits, epochs: number, batch: number): Promise<Training> {
  const { rank, size } = context;
  await tf.setBackend('cpu');
  const model = makeModel();
  const optimizer = tf.train.momentum(0.05, 0.9);
  const losses: number[] = [];
  let fastest = Infinity;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const begun = performance.now();
    let loss = 0;
    for (let first = 0; first < digits.count; first += batch) {
      const length = Math.min(batch, digits.count - first);
      const [from, to] = [rank, rank + 1].map((r) => first + Math.floor((r * length) / size)) as [number, number];
      const { value, grads } = tf.variableGrads(() => lossOf(model, digits, from, to, length));
      const names = Object.keys(grads);
      const gradients = names.map((name) => grads[name]!.dataSync() as Float32Array);
      await collective.allreduce(gradients); // a list of arrays is one call
      const summed = names.map((name, i) => ({ name, tensor: tf.tensor(gradients[i]!, grads[name]!.shape) }));
      optimizer.applyGradients(summed);
      loss += value.dataSync()[0]! * length;
      tf.dispose([value, grads, summed.map(({ tensor }) => tensor)]);
    }
    losses.push((await collective.allreduce(loss)) / digits.count);
    fastest = Math.min(fastest, performance.now() - begun);
  }
  const weights = model.getWeights().map((weight) => weight.dataSync() as Float32Array);
  return { weights, losses, imagesPerSecond: (1_000 * digits.count) / fastest };
}

/** The same weights on every rank, since the initial ones have a seed. */
function makeModel(): tf.Sequential {
  const kernel = (seed: number): { kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform> } => {
    return { kernelInitializer: tf.initializers.glorotUniform({ seed }) };
  };
  return tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [784], units: 32, activation: 'relu', ...kernel(1) }),
      tf.layers.dense({ units: 10, ...kernel(2) }),
    ],
  });
}

/** What the images `from` … `to` add to the mean loss of a batch of `length` images. */
function lossOf(model: tf.Sequential, { images, labels }: Digits, from: number, to: number, length: number): tf.Scalar {
  const pixels = Float32Array.from(images.subarray(784 * from, 784 * to), (pixel) => pixel / 255);
  const scores = model.apply(tf.tensor2d(pixels, [to - from, 784])) as tf.Tensor2D;
  const wanted = tf.oneHot(tf.tensor1d(Int32Array.from(labels.subarray(from, to)), 'int32'), 10);
  return tf.losses.softmaxCrossEntropy(wanted, scores).mul<tf.Scalar>((to - from) / length);
}
