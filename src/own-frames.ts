/** Which lines of a stack are of this package, and which are of those who use it. */
import { fileURLToPath } from 'node:url';

const ownUrl = new URL('.', import.meta.url).href;
/** Code of a bundle for CommonJS, or under a test runner, is named by its path. */
const ownFolder = fileURLToPath(ownUrl);
/** The package in another place, such as on another host. */
const installed = /[\\/]node_modules[\\/]shoal[\\/]dist[\\/]/;
const frame = /^\s+at /;
/** Of Node, and what V8 itself does, such as `Array.map (<anonymous>)` and `async Promise.all (index 0)`. */
const ofNode = /[( ]node:|\((<anonymous>|index \d+)\)$/;

/** Whether a line of a stack is of this package. */
function isOwnFrame(line: string): boolean {
  return line.includes(ownUrl) || line.includes(ownFolder) || installed.test(line);
}

/** Whether a line of a stack is neither of this package nor of Node. */
export function isUserFrame(line: string): boolean {
  return frame.test(line) && !isOwnFrame(line) && !ofNode.test(line);
}

/** The lines of a stack down to the last one of a user, without those of this package. */
export function userFrames(stack: string | undefined): string[] {
  const { frames } = partsOf(stack ?? '');
  let end = frames.length;
  while (end > 0 && !isUserFrame(frames[end - 1] ?? '')) end--;
  return frames.slice(0, end).filter((line) => !isOwnFrame(line));
}

/** The message of a stack, and its lines. A message may have lines that look like those of a stack. */
export function partsOf(stack: string): { readonly message: string; readonly frames: readonly string[] } {
  const lines = stack.split('\n');
  let first = lines.length;
  while (first > 0 && frame.test(lines[first - 1] ?? '')) first--;
  return { message: lines.slice(0, first).join('\n'), frames: lines.slice(first) };
}

/** Put other lines in the place of those of its stack. */
export function setFrames(error: Error, frames: readonly string[]): void {
  if (typeof error.stack !== 'string') return;
  const stack = [partsOf(error.stack).message, ...frames].join('\n');
  // False where it is frozen: then it stays as it is.
  Reflect.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true, enumerable: false });
}
