/** Softmax regression: weights of shape [785, 10], the last row being the bias. */
import type { Digits } from './data.js';

const pixels = 784;
const classes = 10;

export const parameters: number = (pixels + 1) * classes;

/**
 * Add the gradient of the cross-entropy over images `from` … `to` to `gradient`.
 *
 * @returns The summed loss.
 */
export function addGradient(
  weights: Float32Array,
  { images, labels }: Digits,
  from: number,
  to: number,
  gradient: Float32Array,
): number {
  const scores = new Float64Array(classes);
  let loss = 0;
  for (let image = from; image < to; image++) {
    scoresOf(weights, images, image, scores);
    const label = labels[image]!;
    loss -= Math.log(softmax(scores)[label]!);
    scores[label]! -= 1;
    const start = image * pixels;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = images[start + pixel]! / 255;
      if (value === 0) continue;
      const row = pixel * classes;
      for (let c = 0; c < classes; c++) gradient[row + c]! += value * scores[c]!;
    }
    for (let c = 0; c < classes; c++) gradient[pixels * classes + c]! += scores[c]!;
  }
  return loss;
}

/** How many of the images `from` … `to` are recognised. */
export function countCorrect(weights: Float32Array, { images, labels }: Digits, from: number, to: number): number {
  const scores = new Float64Array(classes);
  let correct = 0;
  for (let image = from; image < to; image++) {
    scoresOf(weights, images, image, scores);
    if (scores.indexOf(Math.max(...scores)) === labels[image]) correct++;
  }
  return correct;
}

function scoresOf(weights: Float32Array, images: Uint8Array, image: number, scores: Float64Array): void {
  for (let c = 0; c < classes; c++) scores[c] = weights[pixels * classes + c]!;
  const start = image * pixels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const value = images[start + pixel]! / 255;
    if (value === 0) continue;
    const row = pixel * classes;
    for (let c = 0; c < classes; c++) scores[c]! += value * weights[row + c]!;
  }
}

function softmax(scores: Float64Array): Float64Array {
  const largest = Math.max(...scores);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += scores[c] = Math.exp(scores[c]! - largest);
  for (let c = 0; c < classes; c++) scores[c]! /= sum;
  return scores;
}
