/** Does to processes of a pool what happens to processes: they are killed, or stop and go on later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants } from './descendants.js';

const kinds = /rank-process|node-process|mpiexec|hydra_pmi_proxy|hydra|orted|orterun/;

/** To one of this process's descendants; tells what it did, such as `killed rank-process`. */
export async function sabotage(random: (limit: number) => number): Promise<string | undefined> {
  const all = descendants();
  const victim = all[random(all.length)];
  if (!victim) return undefined;
  const kind = kinds.exec(victim.command)?.[0] ?? 'another';
  if (random(3) > 0) {
    signal(victim.pid, 'SIGKILL');
    return `killed ${kind}`;
  }
  signal(victim.pid, 'SIGSTOP');
  await sleep(random(4_000));
  signal(victim.pid, 'SIGCONT');
  return `stopped ${kind}`;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
