/** The life of a node manager that is a process of its own. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { clearTimeout, setTimeout } from '../clock.js';
import { LaunchError } from '../errors.js';
import { nodeIdentity, readProcess } from '../native/proc.js';
import { Connection } from '../protocol/connection.js';
import { welcomeLimitBytes } from '../protocol/control-messages.js';
import { greet } from '../protocol/greeting.js';
import type { FromNode, ToNode } from '../protocol/node-messages.js';
import { toNode } from '../protocol/node-shapes.js';
import { NodeService } from './node-service.js';

const admitLimitMs = 10_000;

/** A node manager that a head has admitted. */
export interface ServedNode {
  readonly node: string;
  /** Resolves when the head is gone, or `leave` was called, and the workers here are gone too. */
  readonly ended: Promise<void>;
  leave(): void;
}

/**
 * Serve the pool at an address such as `10.0.0.5:40123` as the node manager of this process's node.
 *
 * @throws {@link LaunchError} when nobody is there, or does not want it.
 */
export async function serveNode(address: string, token: string): Promise<ServedNode> {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  const identity = nodeIdentity();
  const open = (): Socket => connect({ host, port: Number(port) });
  const socket = await greet(open, 'node', token, admitLimitMs).catch((cause: unknown) => {
    throw new LaunchError(`the pool at ${address} ${(cause as Error).message}`, { address }, { cause });
  });
  return new Promise((resolve, reject) => {
    let service: NodeService | undefined;
    let why = 'closed the connection: it is ending';
    let end!: () => void;
    const ended = new Promise<void>((done) => (end = done));
    const timer = setTimeout(() => {
      why = `did not answer within ${admitLimitMs} ms`;
      connection.close();
    }, admitLimitMs);
    const connection = new Connection<ToNode, FromNode>(socket, welcomeLimitBytes, toNode, {
      message: (message) => {
        if (service) service.receive(message);
        else if (message.type === 'refused') why = `does not want this node manager: ${message.text}`;
        else if (message.type === 'admitted') {
          clearTimeout(timer);
          service = new NodeService(connection);
          const leave = (): void => {
            connection.close();
          };
          resolve({ node: identity.node, ended, leave });
        }
      },
      closed: () => {
        clearTimeout(timer);
        if (service) void service.end().then(end);
        else reject(new LaunchError(`the pool at ${address} ${why}`, { address }));
      },
    });
    const { pid, startTime } = readProcess('self') ?? { pid: process.pid, startTime: -1 };
    connection.send({ type: 'node', pid, startTime, ...identity });
  });
}
