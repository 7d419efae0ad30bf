/** Hosts of a launch, as the user names them. */
import { hostname, networkInterfaces } from 'node:os';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import type { Host } from './command-line.js';

const loopback = '127.0.0.1';
const names = [loopback, '::1', 'localhost'];

/** `name:workers`, or `name` for one worker. @throws {@link InvalidArgumentError} */
export function parseHosts(hosts: readonly string[]): Host[] {
  return hosts.map((text) => {
    const [, name, count] = /^([\w.-]+)(?::(\d+))?$/.exec(text) ?? [];
    const ranks = Number(count ?? 1);
    if (name !== undefined && ranks > 0) return { name, ranks };
    throw new InvalidArgumentError(
      `launch: expected hosts to be names such as 'node7:4', for four workers there, received ${show(text)}`,
      { option: 'hosts' },
    );
  });
}

function isThisHost(name: string): boolean {
  return names.includes(name) || name === hostname();
}

/** Address at which the head listens for others: loopback, unless they are on other hosts. */
export function listenAddress(hosts: readonly Host[], hostfile: string | undefined): string {
  if (hostfile === undefined && hosts.every(({ name }) => isThisHost(name))) return loopback;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? loopback;
}

/** The agent is on this host, before all workers. */
export function withAgent(hosts: readonly Host[]): readonly Host[] {
  const [first, ...more] = hosts;
  if (!first) return hosts;
  if (isThisHost(first.name)) return [{ name: first.name, ranks: first.ranks + 1 }, ...more];
  return [{ name: hostname(), ranks: 1 }, ...hosts];
}
