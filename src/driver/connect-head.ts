/** The head of a pool that runs by itself, over a socket. */
import type { Socket } from 'node:net';
import { connect as connectSocket } from 'node:net';
import { becomeDriver } from '../collective/scope.js';
import { clearTimeout, setTimeout } from '../clock.js';
import { InvalidArgumentError, LaunchError, show } from '../errors.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import { welcomeLimitBytes } from '../protocol/control-messages.js';
import { greet } from '../protocol/greeting.js';
import type { FromPool, ToPool } from '../protocol/pool-messages.js';
import { fromPool } from '../protocol/pool-shapes.js';
import { Pool } from './pool.js';
import { findPool } from './pool-files.js';
import { RemoteHead } from './remote-head.js';

const limitMs = 10_000;

/** A pool over its head in another process. */
export function poolOf(head: RemoteHead): Pool {
  const { maxMessageBytes } = head;
  return new Pool(head, {
    status: () => head.status,
    metrics: () => head.metrics(),
    stats: () => head.stats(),
    explain: (taskId) => head.explain(taskId),
    startTrace: (maxEvents) => head.startTrace(maxEvents),
    maxMessageBytes,
  });
}

/** The pool's head as this process sees it. @throws As {@link connect}. */
export async function connectHead(address: string | undefined): Promise<RemoteHead> {
  if (address !== undefined && typeof address !== 'string') {
    throw new InvalidArgumentError(`connect: expected an address such as 127.0.0.1:40123, received ${show(address)}`);
  }
  becomeDriver();
  const found = findPool(address);
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(found.address) ?? [];
  const failure = (why: string, cause?: unknown): LaunchError =>
    new LaunchError(`the pool at ${found.address} ${why}`, { address: found.address }, { cause });
  const open = (): Socket => connectSocket({ host, port: Number(port) });
  const socket = await greet(open, 'user', found.token, limitMs).catch((error: unknown) => {
    throw failure((error as Error).message, error);
  });
  return new Promise((resolve, reject) => {
    let head: RemoteHead | undefined;
    const fail = (why: string): void => {
      connection.close();
      reject(failure(why));
    };
    const timer = setTimeout(fail, limitMs, `did not answer within ${limitMs} ms`);
    const connection = new Connection<FromPool, ToPool>(socket, welcomeLimitBytes, fromPool, {
      message: (message) => {
        if (head) head.receive(message);
        else if (message.type === 'welcome') {
          clearTimeout(timer);
          resolve((head = new RemoteHead(found, connection, message)));
          // The results of a task come in one message.
          connection.trust((head.status.workers.length + 1) * (message.maxMessageBytes + frameSlackBytes));
        }
      },
      closed: (error) => {
        clearTimeout(timer);
        if (head) head.end();
        else fail(error ? `cannot be understood: ${error.message}` : 'closed the connection: it is ending');
      },
    });
  });
}
