/** What `/proc` says of processes and this host; plain files, no addon. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { environment } from '../env.js';

/** State and start time of a process, from `/proc/<pid>/stat`; undefined when there is none. */
export function readProcess(
  pid: number | 'self',
): { pid: number; parent: number; state: string; startTime: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = statFields(text);
  return { pid: parseInt(text, 10), parent: Number(fields[1]), state: fields[0] ?? '', startTime: Number(fields[19]) };
}

/** Fields of a `stat` from the third on: the second is the command in parentheses, which may hold anything. */
function statFields(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function cpuMsOf(fields: readonly string[]): number {
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** Whether a process is there, and has not ended unseen by its parent. */
export function isLiving({ pid, startTime }: { pid: number; startTime: number }): boolean {
  const found = readProcess(pid);
  return found?.startTime === startTime && found.state !== 'Z' && found.state !== 'X';
}

/** Whether this process may read its terminal: it is of the foreground group, or has none that says so. */
export function isInForeground(): boolean {
  const fields =
    read('/proc/self/stat')
      ?.replace(/^.*\) /s, '')
      .split(' ') ?? [];
  const [, , group, , , foreground] = fields;
  return foreground === '-1' || foreground === group;
}

/** The first of the processes between this one and another, which may be gone: its child, if both are of one host. */
export function childTowards(ancestor: {
  pid: number;
  startTime: number;
}): { pid: number; startTime: number } | undefined {
  let child: { pid: number; startTime: number } | undefined;
  for (let next = readProcess(process.ppid); next; next = readProcess(next.parent)) {
    // When it is gone, its child belongs to a process that is older.
    if (next.pid === ancestor.pid || next.startTime < ancestor.startTime) break;
    child = next;
  }
  return child;
}

/** What a process uses. */
export interface ProcessUsage {
  /** Bytes of memory that it has in use, shared ones included. */
  readonly rssBytes: number;
  /** Milliseconds that it has run on a core, since its start. */
  readonly cpuMs: number;
}

/** Of the clock of /proc, fixed by the kernel's interface. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** What a process uses; undefined when it is gone, even if its pid is in use again. */
export function processUsage({ pid, startTime }: { pid: number; startTime: number }): ProcessUsage | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = statFields(text);
  if (Number(fields[19]) !== startTime) return undefined;
  return { rssBytes: Number(fields[21]) * pageBytes, cpuMs: cpuMsOf(fields) };
}

/** The number by which the kernel knows the thread that calls; 0 where /proc does not say. */
export function ownThread(): number {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1)) || 0;
  } catch {
    return 0;
  }
}

/** Milliseconds that a thread of this process has run on a core; undefined when it is gone. */
export function threadCpuMs(thread: number): number | undefined {
  const text = read(`/proc/self/task/${thread}/stat`);
  return text === undefined ? undefined : cpuMsOf(statFields(text));
}

/**
 * How many processes of this process's control group the kernel has killed for lack of memory; 0 where it does not say.
 */
export function outOfMemoryKills(): number {
  const group = /^0::(.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  const events = read(`/sys/fs/cgroup${group}/memory.events`) ?? read('/sys/fs/cgroup/memory/memory.oom_control');
  return Number(/^oom_kill (\d+)/m.exec(events ?? '')?.[1] ?? 0);
}

/** Where a process is. Processes with equal boot id, pid namespace and node are on one node: they see each other. */
export interface NodeIdentity {
  readonly hostname: string;
  readonly bootId: string;
  readonly pidNamespace: string;
  /** `SHOAL_NODE`, else the host's name. */
  readonly node: string;
}

/** Where this process is. */
export function nodeIdentity(): NodeIdentity {
  return {
    hostname: hostname(),
    node: environment().node ?? hostname(),
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    pidNamespace: readlinkSync('/proc/self/ns/pid'),
  };
}

/** The same text for all processes of a node, and for no others. */
export function nodeKey({ bootId, pidNamespace, node }: NodeIdentity): string {
  return `${bootId} ${pidNamespace} ${node}`;
}

/** Files of `/dev/shm` that this process has mapped and that still have a name. */
export function sharedMemoryFiles(): string[] {
  const paths = readFileSync('/proc/self/maps', 'latin1').matchAll(/ (\/dev\/shm\/[^\n]*)$/gm);
  const names = [...paths].map(([, path]) => path ?? '').filter((path) => !path.endsWith(' (deleted)'));
  return [...new Set(names)];
}

/** Cores' worth of time that the control group of this process may use; Infinity when there is no quota. */
export function coreQuota(): number {
  const v2 = read('/sys/fs/cgroup/cpu.max')?.split(' ');
  if (v2) return quota(v2[0], v2[1]);
  return quota(read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'), read('/sys/fs/cgroup/cpu/cpu.cfs_period_us'));
}

function quota(limit: string | undefined, period: string | undefined): number {
  const share = Number(limit) / Number(period);
  return share > 0 ? share : Infinity;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return undefined;
  }
}
