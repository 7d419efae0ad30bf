/** Memory of `pool.share` that a process holds. */
import { readdirSync, readlinkSync } from 'node:fs';

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
