/** An error that a call of the driver throws at once, as its reader needs it. */
import { environment } from '../env.js';
import { ShoalError } from '../errors.js';
import { setFrames } from '../head/show-to-driver.js';
import { userFrames } from '../own-frames.js';

/**
 * Run `check`, and leave out the lines of this package of an error of ours that it throws. Under SHOAL_DEBUG=1 they
 * stay. So do those of an error that has none of a user.
 */
export function checkedForCaller<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof ShoalError && !environment().debug) {
      const frames = userFrames(error.stack);
      if (frames.length > 0) setFrames(error, frames);
    }
    throw error;
  }
}
