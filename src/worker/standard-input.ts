/**
 * Standard input of a thread that runs rank 0 of a script: that of its process. A thread of Node's has an empty one.
 */
import { createReadStream, fstatSync } from 'node:fs';
import type { SocketConstructorOpts } from 'node:net';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';

/**
 * Put it in the place of `process.stdin`. It is opened at the first use and read when somebody reads, as in a main
 * thread. A script that does not ask for it leaves it to others, and ends.
 */
export function installStandardInput(): void {
  let stream: Readable | undefined;
  const get = (): Readable => (stream ??= open());
  Object.defineProperty(process, 'stdin', { configurable: true, enumerable: true, get });
}

function open(): Readable {
  if (isatty(0)) return whileRead(new ReadStream(0));
  const kind = fstatSync(0);
  if (kind.isFIFO() || kind.isSocket()) {
    // Without `manualStart`, which its types leave out, it would read at once.
    const options: SocketConstructorOpts & { manualStart: boolean } = {
      fd: 0,
      readable: true,
      writable: false,
      manualStart: true,
    };
    return whileRead(new Socket(options));
  }
  if (kind.isFile() || kind.isCharacterDevice()) return createReadStream('', { fd: 0, autoClose: false });
  return Readable.from([]);
}

/** It keeps the thread alive while somebody reads, not while it is paused. */
function whileRead(stream: Socket): Socket {
  stream.on('pause', () => stream.unref());
  stream.on('resume', () => stream.ref());
  return stream.on('newListener', (name) => {
    if (name === 'readable') stream.ref();
  });
}
