/** How much of the window each rank gets. */
import { totalmem } from 'node:os';
import { InvalidArgumentError, LaunchError } from '../../errors.js';
import { show } from '../../show.js';
import { largestWindowBytes, minWindowBytes } from './layout.js';

const MIB = 1024 * 1024;
const pageBytes = 64 * 1024;

/**
 * Bytes per rank, a multiple of 64 KiB; `false` for no window.
 *
 * @param given - What was asked for; default: the least of 256 MiB, a quarter of memory per rank, and what fits 4 GiB.
 * @throws {@link InvalidArgumentError} below the least, {@link LaunchError} with the most where that does not suffice.
 */
export function windowBytesFor(given: number | false | undefined, ranks: number): number | false {
  if (given === false) return false;
  const largest = largestWindowBytes(ranks);
  const byDefault = Math.min(256 * MIB, totalmem() / 4 / ranks, largest);
  const wanted = given !== undefined ? given : Math.max(minWindowBytes, byDefault);
  if (typeof wanted !== 'number' || !(wanted >= minWindowBytes)) {
    throw new InvalidArgumentError(
      `launch: expected window to be at least ${minWindowBytes} bytes per worker, or false, received ${show(wanted)}`,
      { option: 'window' },
    );
  }
  const rounded = Math.floor(wanted / pageBytes) * pageBytes;
  if (rounded <= largest) return rounded;
  throw new LaunchError(
    `launch: ${ranks} workers with a window of ${wanted} bytes each do not fit the 4 GiB of one host. ` +
      `The largest window that does is ${largest} bytes`,
    { largestWindowBytes: largest },
  );
}
