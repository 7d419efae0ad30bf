/** What an MPI job may leave behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Whether a process is there and not a zombie. */
export function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Files of shared memory, and folders of jobs. */
export function files(): string[] {
  const folders = readdirSync(tmpdir()).filter((name) => /^(shoal-(?!test-)|ompi\.)/.test(name));
  return [...readdirSync('/dev/shm'), ...folders];
}

/** The mpiexec above a rank: its parent, or its grandparent where a proxy stands between. */
export function launcherOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  const command = readFileSync(`/proc/${parent}/cmdline`, 'latin1');
  return command.includes('proxy') ? launcherOf(parent) : parent;
}
