/** Output of the command, no faster than its reader takes it. */
import { constants } from 'node:os';

/** Takes text; resolves when there is room for more. */
export type Print = (text: string) => Promise<void>;

/** Exit code of a command whose reader has gone, such as `head`: that of the signal which ends ordinary tools then. */
export const readerGoneCode: number = 128 + constants.signals.SIGPIPE;

/** Print to standard output or error. */
export function printTo(stream: NodeJS.WriteStream): Print {
  return async (text) => {
    if (!stream.write(text)) await new Promise<void>((resolve) => stream.once('drain', resolve));
  };
}

/** Exit code of a command that cannot write what it was to print, such as on a full disk. */
const notWrittenCode = 1;

/**
 * Call `gone` with the command's exit code when nobody reads standard output or error any more, or when it cannot be
 * written, which is said once.
 */
export function watchReader(gone: (exitCode: number) => void): void {
  const { stdout, stderr } = process;
  let isTold = false;
  const failed = (stream: NodeJS.WriteStream, { code, message }: NodeJS.ErrnoException): void => {
    // EIO: of a terminal that is gone.
    if (code === 'EPIPE' || code === 'EIO') {
      gone(readerGoneCode);
      return;
    }
    if (stream === stdout && !isTold) {
      isTold = true;
      stderr.write(`error: standard output cannot be written: ${message}\n`);
    }
    gone(notWrittenCode);
  };
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      failed(stream, error);
    });
  }
}
