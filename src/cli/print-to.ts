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

/** Call `gone` when nobody reads standard output or error any more. */
export function watchReader(gone: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EIO: of a terminal that is gone.
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
      gone();
    });
  }
}
