/** The head of a pool that runs by itself, over a socket. */
import type { Socket } from 'node:net';
import { connect as connectSocket } from 'node:net';
import { becomeDriver } from '../collective/scope.js';
import { clearTimeout, longestTimerMs, nowMs, setTimeout } from '../clock.js';
import { environment } from '../env.js';
import { InvalidArgumentError, LaunchError, ProtocolError } from '../errors.js';
import { show } from '../show.js';
import { Connection, frameSlackBytes } from '../protocol/connection.js';
import { welcomeLimitBytes } from '../protocol/control-messages.js';
import { greet, sameVersionText } from '../protocol/greeting.js';
import type { FromPool, ToPool } from '../protocol/pool-messages.js';
import { fromPool } from '../protocol/pool-shapes.js';
import { integer } from './check-options.js';
import { Pool } from './pool.js';
import { adviceOn } from './pool-advice.js';
import { findPool } from './pool-files.js';
import { RemoteHead } from './remote-head.js';

const usualAnswerMs = 10_000;
/** Pools are asked to beat several times in it, each time with a message. */
const leastAnswerMs = 100;
/** A host that is gone says nothing: the system asks it from then on, and ends the socket. */
const keepAliveMs = 60_000;

/** A pool over its head in another process. */
export function poolOf(head: RemoteHead): Pool {
  const { maxMessageBytes, questions } = head;
  return new Pool(head, {
    status: () => head.status,
    metrics: () => questions.metrics(),
    stats: () => questions.stats(),
    explain: (taskId) => questions.explain(taskId),
    startTrace: (maxEvents) => questions.startTrace(maxEvents),
    maxMessageBytes,
  });
}

/** The pool's head as this process sees it. @throws As {@link connect}. */
export async function connectHead(address: string | undefined): Promise<RemoteHead> {
  if (address !== undefined && typeof address !== 'string') {
    throw new InvalidArgumentError(`connect: expected an address such as 127.0.0.1:40123, received ${show(address)}`);
  }
  const given = environment().answerMs ?? usualAnswerMs;
  const answerMs = integer('connect', 'SHOAL_ANSWER_MS', given, leastAnswerMs, longestTimerMs);
  becomeDriver();
  const found = findPool(address);
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(found.address) ?? [];
  const failure = (why: string, cause?: unknown): LaunchError => {
    // Of another version nothing is wrong with the process.
    const advice = why.endsWith(sameVersionText) ? '' : `; ${adviceOn(found)}`;
    return new LaunchError(`the pool at ${found.address} ${why}${advice}`, { address: found.address }, { cause });
  };
  const latest = nowMs() + answerMs;
  const open = (): Socket => connectSocket({ host, port: Number(port) });
  const socket = await greet(open, 'user', found.token, answerMs).catch((error: unknown) => {
    throw failure((error as Error).message, error);
  });
  socket.setKeepAlive(true, keepAliveMs);
  return new Promise((resolve, reject) => {
    let head: RemoteHead | undefined;
    const fail = (why: string, cause?: unknown): void => {
      clearTimeout(timer);
      connection.close();
      reject(failure(why, cause));
    };
    const late = (): void => {
      fail(`did not answer within ${answerMs} ms`);
    };
    const notUnderstood = (error: Error): void => {
      fail(`cannot be understood: ${error.message}; ${sameVersionText}`, error);
    };
    const timer = setTimeout(late, Math.max(1, latest - nowMs()));
    const connection = new Connection<FromPool, ToPool>(socket, welcomeLimitBytes, fromPool, {
      message: (message) => {
        if (head) head.receive(message);
        else if (message.type === 'welcome') {
          try {
            head = new RemoteHead(found, connection, message, answerMs);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
            notUnderstood(error);
            return;
          }
          clearTimeout(timer);
          resolve(head);
          // The results of a task come in one message.
          connection.trust((head.status.workers.length + 1) * (message.maxMessageBytes + frameSlackBytes));
        }
      },
      heard: () => {
        head?.heard();
      },
      closed: (error) => {
        if (head) head.end(error);
        else if (error) notUnderstood(error);
        else fail('closed the connection: it is ending');
      },
    });
  });
}
