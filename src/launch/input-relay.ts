/** Standard input of this process, on its way to that of rank 0. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { clearInterval, setInterval } from '../clock.js';
import { isInForeground } from '../native/proc.js';

/** How often a command in the background checks whether it has come to the front. */
const pollMs = 500;

/**
 * Feed from now on, as fast as it is taken. A terminal is read in the foreground alone: elsewhere the kernel would stop
 * this process. Returns how to end; an input that has no end keeps nobody alive then.
 *
 * @param launcher - Standard input of mpiexec: what is closed there is closed for rank 0.
 * @param pid - Of rank 0, on this node.
 */
export function feedInput(launcher: Writable, pid: number): () => void {
  const isTerminal = isatty(0);
  const direct = openInputOf(pid);
  const into = direct ?? launcher;
  let isFeeding = false;
  let isOver = false;
  const hold = (): void => {
    if (!isFeeding) return;
    isFeeding = false;
    process.stdin.unpipe(into).pause();
  };
  const check = (): void => {
    if (isOver) return;
    if (isTerminal && !isInForeground()) hold();
    else if (!isFeeding) {
      isFeeding = true;
      process.stdin.pipe(into);
    }
  };
  const timer = isTerminal ? setInterval(check, pollMs).unref() : undefined;
  if (isTerminal) process.on('SIGCONT', check);
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    process.off('SIGCONT', check);
    hold();
    direct?.destroy();
    launcher.end();
  };
  // All is written, or nobody is there to read more.
  into.on('finish', end).on('close', end);
  process.stdin.on('error', (error) => {
    if (!isOver) process.stderr.write(`shoal: standard input ends here: ${error.message}\n`);
    end();
  });
  check();
  return end;
}

/**
 * The end of the pipe that mpiexec writes to; undefined where there is none. Past mpiexec, since that of MPICH ends the
 * job when a rank reads slower than its input comes.
 */
function openInputOf(pid: number): Socket | undefined {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/fd/0`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined; // it has ended, or is no pipe
  }
  if (!fstatSync(fd).isFIFO()) {
    closeSync(fd);
    return undefined;
  }
  // A rank that ends before it has read everything has told so by its end.
  return new Socket({ fd, readable: false, writable: true }).on('error', () => undefined);
}
