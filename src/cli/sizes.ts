/** Sizes of arrays on the command line, and as they are shown. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';

const units: Readonly<Record<string, number>> = { b: 1, kib: 2 ** 10, mib: 2 ** 20 };
const elementBytes = 4;
const mostBytes = 256 * 2 ** 20;
const mostSizes = 16;

/** Such as `64KiB,1MiB`, in bytes. @throws {@link InvalidArgumentError} */
export function parseSizes(text: string): number[] {
  const sizes = text.split(',').map(parseSize);
  const areRight = sizes.length <= mostSizes && sizes.every((size) => size >= elementBytes && size <= mostBytes);
  if (areRight && sizes.every((size) => size % elementBytes === 0)) return sizes;
  throw new InvalidArgumentError(
    `bench: expected sizes to be at most ${mostSizes} such as 64KiB,1MiB, each a multiple of ${elementBytes} bytes up ` +
      `to 256MiB, received ${show(text)}`,
    { option: 'sizes' },
  );
}

/** NaN: it is none. */
function parseSize(text: string): number {
  const [, digits, unit = 'b'] = /^\s*(\d+)\s*(b|kib|mib)?\s*$/i.exec(text) ?? [];
  return digits === undefined ? NaN : Number(digits) * (units[unit.toLowerCase()] ?? NaN);
}
