/** Memory of `pool.share` that a process holds. */
import { readdirSync, readlinkSync } from 'node:fs';
import { findOs } from '../../src/native/os.js';

/** Without the addon, shared data of `threads` is ordinary memory. */
export const hasStores: boolean = findOs() !== undefined;

/** How many stores a process of this host holds open. */
export function openStores(pid: number | 'self' = 'self'): number {
  const folder = `/proc/${pid}/fd`;
  const links = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(`${folder}/${name}`);
    } catch {
      return ''; // closed since
    }
  });
  return links.filter((link) => link.includes('shoal-store')).length;
}
