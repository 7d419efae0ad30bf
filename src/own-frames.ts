/** Which lines of a stack are of this package, and which are of those who use it. */
import { fileURLToPath } from 'node:url';

const ownUrl = new URL('.', import.meta.url).href;
/** Code of a bundle for CommonJS, or under a test runner, is named by its path. */
const ownFolder = fileURLToPath(ownUrl);
/** The package in another place, such as on another host. */
const installed = /[\\/]node_modules[\\/]shoal[\\/]dist[\\/]/;
const frame = /^\s+at /;

/** Whether a line of a stack is of this package. */
function isOwnFrame(line: string): boolean {
  return line.includes(ownUrl) || line.includes(ownFolder) || installed.test(line);
}

/** Whether a line of a stack is neither of this package nor of Node. */
export function isUserFrame(line: string): boolean {
  return frame.test(line) && !isOwnFrame(line) && !/[( ]node:/.test(line);
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
