/**
 * Which line of user code made a call: noted under SHOAL_DEBUG=1 and in shoal/testing, since it costs some
 * microseconds.
 */
import { isUserFrame } from '../own-frames.js';

/** Files of this package where source maps are used. */
const mapped = /[\\/]src[\\/](calls|collective)[\\/]/;

/** The innermost line of the stack that is not of this package, such as `sum (file:///app/task.ts:12:20)`. */
export function callSite(): string | undefined {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, callSite);
  const lines = (holder.stack ?? '').split('\n').slice(1);
  return lines.find((line) => isUserFrame(line) && !mapped.test(line))?.replace(/^\s*at /, '');
}
