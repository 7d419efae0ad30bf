/** Where a pool that runs by itself keeps its workers' output. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '../native/private-folder.js';
import { readProcess } from '../native/proc.js';
import type { FilledLaunchOptions } from './options.js';
import { poolFolder } from './pool-files.js';

/** Folder of a pool by its process: pid and start time. */
const ownFolder = /^pool-(\d+)-(\d+)$/;

/** The user's folder, which stays; without one a private folder, which `remove` takes away with what it holds. */
export interface KeptLogs {
  /** Undefined for a pool of several hosts: on the others the folder may not be there. */
  readonly folder: string | undefined;
  readonly remove: () => void;
}

/** Once per pool. Folders of pools that were killed go too. @throws {@link LaunchError} as {@link poolFolder}. */
export function keptLogs({ logDir, hosts, hostfile }: FilledLaunchOptions): KeptLogs {
  if (logDir !== undefined || hosts.length > 0 || hostfile !== undefined) {
    return { folder: logDir, remove: () => undefined };
  }
  const parent = poolFolder('output');
  for (const name of readdirSync(parent)) {
    const [, pid, startTime] = ownFolder.exec(name) ?? [];
    if (pid === undefined || readProcess(Number(pid))?.startTime === Number(startTime)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
  const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: 0 };
  const folder = join(parent, `pool-${pid}-${startTime}`);
  makePrivateFolder(folder);
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
