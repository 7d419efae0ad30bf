/** Three hosts on one machine: network namespaces behind a bridge, each with a host name of its own. Needs root. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hosts = ['shoal1', 'shoal2', 'shoal3'] as const;
const bridge = 'shoalbr';
export const network = '10.77.0.0/24';
const address = (index: number): string => `10.77.0.${index + 1}`;

function run(command: string): void {
  const { status, stderr, error } = spawnSync('sh', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`);
}

/** Hosts that are there until `remove`. */
export class Hosts {
  /** Starts a command on another host, as ssh would; for the launchers of MPI. */
  readonly remoteShell: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'hosts-'));

  constructor() {
    const names = join(this.#folder, 'names');
    mkdirSync(names);
    this.remoteShell = join(this.#folder, 'remote-shell');
    run(`mount --bind ${names} ${names}; mount --make-private ${names}`);
    run(`ip link add ${bridge} type bridge; ip link set ${bridge} up`);
    const known = ['127.0.0.1 localhost', ...hosts.map((host, index) => `${address(index)} ${host}`)].join('\n');
    for (const [index, host] of hosts.entries()) {
      const inside = `ip netns exec ${host}`;
      run(`ip netns add ${host}; ip link add v${host} type veth peer name eth0 netns ${host}`);
      run(`ip link set v${host} master ${bridge} up; ${inside} ip addr add ${address(index)}/24 dev eth0`);
      run(`${inside} ip link set eth0 up; ${inside} ip link set lo up`);
      mkdirSync(`/etc/netns/${host}`, { recursive: true });
      writeFileSync(`/etc/netns/${host}/hosts`, `${known}\n`);
      run(`touch ${names}/${host}; unshare --uts=${names}/${host} hostname ${host}`);
    }
    // Nothing of the environment goes along, as over ssh.
    const clean = `env -i PATH=${process.env.PATH} HOME=/root OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1`;
    writeFileSync(
      this.remoteShell,
      `#!/bin/sh\nwhile [ "\${1#-}" != "$1" ]; do shift; done\nhost=$1\nshift\n` +
        `exec ip netns exec $host nsenter --uts=${names}/$host ${clean} sh -c "$*"\n`,
    );
    chmodSync(this.remoteShell, 0o755);
  }

  /** A command line on one of the hosts. */
  on(host: (typeof hosts)[number], command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', host, 'nsenter', `--uts=${join(this.#folder, 'names', host)}`, ...command];
  }

  remove(): void {
    const names = join(this.#folder, 'names');
    for (const host of hosts) {
      run(`ip netns del ${host}; umount ${names}/${host}`);
      rmSync(`/etc/netns/${host}`, { recursive: true });
    }
    run(`ip link del ${bridge}; umount ${names}`);
    rmSync(this.#folder, { recursive: true });
  }
}
