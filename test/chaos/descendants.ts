/** Processes that this one has started, and those that these have. */
import { readdirSync, readFileSync } from 'node:fs';

/** A process that lives. */
export interface Descendant {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All of them, parents first. */
export function descendants(): Descendant[] {
  const all = readdirSync('/proc').flatMap((name): Descendant[] => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      return state === 'Z' ? [] : [{ pid, parent: Number(parent), command }];
    } catch {
      return []; // it has ended meanwhile
    }
  });
  const found: Descendant[] = [];
  for (let parents = [process.pid]; parents.length > 0;) {
    const children = all.filter(({ parent }) => parents.includes(parent));
    found.push(...children);
    parents = children.map(({ pid }) => pid);
  }
  return found;
}
