/** How busy the cores are while nothing is measured: other work that falsifies a run. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const sampleMs = 100;
const disturbedFrom = 0.1;

/** Jiffies of all cores since the start of the machine; time that a hypervisor took counts as busy. */
function jiffies(): { busy: number; all: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, ...interrupts] =
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]?.split(' ').map(Number) ?? [];
  // Guests' time, the last two, is in user's already.
  const busy = user + nice + system + interrupts.slice(0, 3).reduce((sum, each) => sum + each, 0);
  return { busy, all: busy + idle + wait };
}

/** Part of the cores, 0 to 1, that others keep busy just now. */
export async function otherWork(): Promise<number> {
  const before = jiffies();
  await sleep(sampleMs);
  const after = jiffies();
  return (after.busy - before.busy) / Math.max(1, after.all - before.all);
}

/** What the samples of a run say of it. */
export function sentenceOfOtherWork(samples: readonly number[]): string {
  const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
  const mean = samples.reduce((sum, each) => sum + each, 0) / samples.length;
  const warning = mean >= disturbedFrom ? '. THE RUN WAS DISTURBED' : '';
  return `cores busy with other work between measurements: ${percent(mean)} on average, at most ${percent(Math.max(...samples))}${warning}`;
}
