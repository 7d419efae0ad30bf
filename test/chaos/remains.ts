/** What a pool may leave behind: processes, folders, shared memory, descriptors and memory of this process. */
import { readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { until } from '../support/check.js';
import { descendants } from './descendants.js';

/** How long what ends by itself may take. */
const settleMs = 5_000;

/** Folders in the temporary folder, files of shared memory, and what open descriptors name. */
export interface Traces {
  readonly folders: readonly string[];
  readonly shared: readonly string[];
  readonly descriptors: readonly string[];
}

/** What is there now. */
export function traces(): Traces {
  return {
    folders: readdirSync(tmpdir()).filter((name) => name.startsWith('shoal-')),
    shared: readdirSync('/dev/shm'),
    descriptors: readdirSync('/proc/self/fd').flatMap(targetOf),
  };
}

function targetOf(descriptor: string): string[] {
  try {
    return [`${descriptor} → ${readlinkSync(`/proc/self/fd/${descriptor}`)}`];
  } catch {
    return []; // the one that read the folder
  }
}

/** What is there beyond `before` and does not go away, in words. */
export async function remains(before: Traces): Promise<string[]> {
  let left: string[] = [];
  const look = (): boolean => {
    const now = traces();
    const isNew = (list: readonly string[], known: readonly string[]): string[] => {
      return list.filter((name) => !known.includes(name));
    };
    left = [
      ...descendants().map(({ pid, command }) => `process ${pid}: ${command}`),
      ...isNew(now.folders, before.folders).map((name) => `folder ${name}`),
      ...isNew(now.shared, before.shared).map((name) => `shared memory ${name}`),
      ...(now.descriptors.length > before.descriptors.length
        ? isNew(now.descriptors, before.descriptors).map((name) => `descriptor ${name}`)
        : []),
    ];
    return left.length === 0;
  };
  await until(look, settleMs).catch(() => undefined);
  return left;
}

let collect: (() => void) | undefined;

/** Bytes of JavaScript heap that this process holds on to. */
export async function heldBytes(): Promise<number> {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = vm.runInNewContext('gc') as () => void;
  }
  for (let i = 0; i < 4; i++) {
    collect();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}
