/** Files that no process has open or mapped, of those whose names no other file has. */
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * Remove the files of this user that nobody uses.
 *
 * @param paths - Their last parts are unique: processes are searched for these, since each may see them elsewhere.
 * @param sinceMs - Only those that were made then, or later.
 * @param ending - Processes whose use does not count.
 */
export function removeUnusedFiles(paths: readonly string[], sinceMs: number, ending: ReadonlySet<number>): void {
  const made = paths.filter((path) => isOwnFile(path, sinceMs));
  // They are listed before the processes are checked: whoever has made one since then is not asked about it.
  if (made.length === 0) return;
  const used = processes().flatMap((pid) => (ending.has(pid) ? [] : [filesOf(pid)]));
  for (const path of made) {
    if (!used.some((text) => text.includes(basename(path)))) rmSync(path, { force: true });
  }
}

function isOwnFile(path: string, sinceMs: number): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isFile() && stat.uid === process.getuid?.() && stat.mtimeMs >= sinceMs;
  } catch {
    return false; // it is gone
  }
}

function processes(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** What a process has open, then what it has mapped: a file is opened, mapped and closed, in this order. */
function filesOf(pid: number): string {
  const open = attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  const links = open.map((fd) => attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '');
  return `${links.join('\n')}\n${attempt(() => readFileSync(`/proc/${pid}/maps`, 'latin1')) ?? ''}`;
}

/** Undefined for a process that is gone, or another user's: it cannot have a file that only this user can open. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
