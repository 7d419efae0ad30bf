/** What a figure is worth nothing without: the machine, the versions and what else ran. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { MpiLauncher } from '../../src/launch/family.js';
import { usableCores } from '../../src/native/cores.js';

const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));

/** Facts of a run. */
export interface Facts {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly linux: string;
  /** Load average of the last minute when the run began. */
  readonly load: number;
  /** Of everything that takes part. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Facts of this machine now. `versions`: of peers, by name. */
export function factsOf(launchers: readonly MpiLauncher[], versions: Readonly<Record<string, string>>): Facts {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: usableCores(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    linux: release(),
    load: loadavg()[0]!,
    versions: {
      shoal: version,
      node: process.versions.node,
      ...Object.fromEntries(launchers.map(({ family, version: mpi }) => [family, mpi])),
      ...versions,
    },
  };
}

/** The facts in one line. */
export function sentenceOf({ date, cpu, cores, memoryGib, linux, load, versions }: Facts): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const machine = `${cpu}, ${cores} cores, ${memoryGib} GiB, Linux ${linux}`;
  return `${date}; ${machine}; ${named.join(', ')}; load average at start ${load.toFixed(2)}`;
}
