/** The actors: one keeps the weights, the others have a share of the digits each and compute gradients. */
import type { Digits } from '../mnist/data.js';
import { addGradient, countCorrect, parameters } from '../mnist/softmax.js';

export class ParameterServer {
  readonly #weights = new Float32Array(parameters);
  readonly #learningRate: number;

  constructor(learningRate: number) {
    this.#learningRate = learningRate;
  }

  /** Apply gradients, of one worker or of several, and give the new weights. */
  apply(gradients: readonly Float32Array[]): Float32Array {
    for (const gradient of gradients) {
      gradient.forEach((slope, i) => (this.#weights[i]! -= (this.#learningRate / gradients.length) * slope));
    }
    return this.#weights;
  }
}

export class DataWorker {
  readonly #digits: Digits;
  readonly #batch: number;
  #next = 0;

  constructor(digits: Digits, batch: number) {
    this.#digits = digits;
    this.#batch = batch;
  }

  /** The mean gradient over the next batch. */
  gradient(weights: Float32Array): Float32Array {
    const gradient = new Float32Array(parameters);
    addGradient(weights, this.#digits, this.#next, this.#next + this.#batch, gradient);
    this.#next = (this.#next + this.#batch) % this.#digits.count;
    return gradient.map((slope) => slope / this.#batch);
  }

  /** The share of this worker's digits that the weights recognise. */
  accuracy(weights: Float32Array): number {
    return countCorrect(weights, this.#digits, 0, this.#digits.count) / this.#digits.count;
  }
}
