import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenAddress, parseHosts, withAgent } from '../../src/launch/hosts.js';
import { Nodes } from '../../src/launch/nodes.js';
import { RemoteNode } from '../../src/launch/remote-node.js';
import { nodeIdentity } from '../../src/native/proc.js';
import type { NodeEvents } from '../../src/node-manager/node-workers.js';
import { Connection } from '../../src/protocol/connection.js';
import type { RankRow } from '../../src/protocol/control-messages.js';
import { Heartbeat } from '../../src/protocol/heartbeat.js';
import type { FromNode, NodeHello, NodeJob, ToNode } from '../../src/protocol/node-messages.js';
import { fromNode, toNode } from '../../src/protocol/node-shapes.js';
import { encodeValue } from '../../src/protocol/values.js';
import { rejectsCode, throwsCode, until } from '../support/check.js';

const test = suite('nodes');
const beatMs = 10;
const servers: Server[] = [];
const ends: { close(): void }[] = [];
const identity = { ...nodeIdentity(), node: 'b' };
const hello: NodeHello = { type: 'node', pid: 4, startTime: 2, ...identity };
const launcher = { family: 'openmpi', version: '4.1.4', command: 'mpiexec.absent' } as const;
const makeNodes = (): Nodes =>
  new Nodes({ launcher, mpiexecArgs: [], nodeManagers: 'wait', listen: '127.0.0.1', maxMessageBytes: 1e6 }, beatMs);

/** Two ends of one stream; what a test's node manager hears is kept. */
async function joined(): Promise<{
  head: Socket;
  node: Connection<ToNode, FromNode>;
  heard: ToNode[];
  closed: () => boolean;
}> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const came = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const heard: ToNode[] = [];
  let isClosed = false;
  const node = new Connection<ToNode, FromNode>(
    connect((server.address() as AddressInfo).port, '127.0.0.1'),
    1e6,
    toNode,
    {
      message: (message) => void heard.push(message),
      closed: () => (isClosed = true),
    },
  );
  const head = await came;
  ends.push(node, { close: () => head.destroy() });
  return { head, node, heard, closed: () => isClosed };
}

function row(rank: number): RankRow {
  const versions = { shoal: '0', node: '0' };
  return { rank, size: 3, pid: 100 + rank, startTime: 7, startupToken: `t${rank}`, versions, ...identity };
}

function job(rows: readonly RankRow[]): NodeJob {
  const threads = { env: undefined, execArgv: undefined, resourceLimits: undefined, logDir: undefined };
  const limits = { windowBytes: false as const, startTimeoutMs: 1, maxMessageBytes: 1, threads, script: undefined };
  const folder = { folder: '', launcher: { pid: -1, startTime: -1 } };
  return {
    token: 't',
    worldSize: 3,
    agents: 1,
    welcome: { type: 'welcome', rendezvous: 'intercomm', ...limits, ...folder },
    rows,
  };
}

test('a peer that stays silent five times is lost, one that speaks is not', async () => {
  let [beats, lost] = [0, 0];
  const heart = new Heartbeat(
    () => beats++,
    () => lost++,
    beatMs,
  );
  const speaking = setInterval(() => heart.heard(), beatMs);
  await until(() => beats > 10);
  assert.is(lost, 0);
  clearInterval(speaking);
  await until(() => lost === 1);
  const last = beats;
  await new Promise((resolve) => setTimeout(resolve, 5 * beatMs));
  assert.equal([beats, lost], [last, 1]);
});

test('a node manager is found by who asked before it came and by who asks after; a second one is refused', async () => {
  const nodes = makeNodes();
  const asked = nodes.reach(identity);
  const { head, heard } = await joined();
  const connection = new Connection<FromNode, ToNode>(head, 1e6, fromNode, {
    message: () => undefined,
    closed: () => undefined,
  });
  const receiver = nodes.admit(connection, hello);
  assert.ok(receiver);
  assert.is(await asked, await nodes.reach(identity));
  await until(() => heard.some(({ type }) => type === 'admitted'));
  const second = await joined();
  const other = new Connection<FromNode, ToNode>(second.head, 1e6, fromNode, {
    message: () => undefined,
    closed: () => undefined,
  });
  assert.is(nodes.admit(other, { ...hello, pid: 5 }), undefined);
  await until(() => second.closed());
  assert.match((second.heard[0] as { text: string }).text, 'node b has a node manager, process 4');
  receiver.closed();
  assert.equal(nodes.names, []);
  const waits = nodes.reach(identity);
  const closing = nodes.close();
  assert.match((await rejectsCode(waits, 'LAUNCH')).message, 'closing');
  await closing;
});

test('of a node manager that falls silent, and of no other, the workers are lost', async () => {
  const { head, node, heard } = await joined();
  const seen: string[] = [];
  const events: NodeEvents = {
    registered: (worldRank) => void seen.push(`registered ${worldRank}`),
    failed: (error) => void seen.push(error.message),
    message: (worldRank, { type }) => void seen.push(`${type} of ${worldRank}`),
    died: (worldRank, error) => void seen.push(`died ${worldRank}: ${error.message}`),
    refused: (text) => void seen.push(text),
  };
  const connection = new Connection<FromNode, ToNode>(head, 1e6, fromNode, {
    message: (message) => remote.receive(message),
    closed: () => remote.end(),
  });
  const remote = new RemoteNode(connection, hello, beatMs);
  const first = remote.open(job([row(1)]), () => 5, events);
  const workers = remote.open(job([row(1), row(2)]), () => 5, events);
  await until(() => heard.filter(({ type }) => type === 'open').length === 2);
  const beat = { usage: [] as { worldRank: number; rssBytes: number; cpuMs: number }[], stopped: [] as number[] };
  const speaking = setInterval(() => node.send({ type: 'beat', ...beat }), beatMs);
  // A test that fails ends all the same.
  speaking.unref();
  // The first is of a job that is over.
  for (const number of [1, 2]) {
    node.send({ type: 'connected', job: number, worldRank: 0 });
    node.send({ type: 'registered', job: number, worldRank: 0 });
    node.send({ type: 'report', job: number, worldRank: 0, message: { type: 'replaced' } });
    node.send({ type: 'report', job: number, worldRank: 7, message: { type: 'replaced' } });
    node.send({ type: 'died', job: number, worldRank: 1, error: encodeValue(new Error('gone'), 'error') });
    node.send({ type: 'died', job: number, worldRank: 1, error: encodeValue(new Error('again'), 'error') });
  }
  node.send({ type: 'refusal', text: 'a stranger' });
  await until(() => seen.includes('a stranger'));
  assert.equal(seen, ['registered 0', 'replaced of 0', 'died 1: gone', 'a stranger']);
  assert.equal(
    workers.entries.map(({ living, registered }) => [living, registered]),
    [
      [true, true],
      [false, false],
    ],
  );
  assert.equal(
    first.entries.map(({ registered }) => registered),
    [false],
  );
  Object.assign(beat, { usage: [{ worldRank: 0, rssBytes: 5, cpuMs: 6 }], stopped: [0] });
  await until(() => workers.stopped().length === 1);
  assert.is(workers.usage(0)?.rssBytes, 5);
  assert.is(workers.usage(1), undefined);
  clearInterval(speaking);
  await until(() => seen.some((text) => text.startsWith('died 0')));
  assert.match(seen.at(-1)!, 'process 101 on');
  assert.match(seen.at(-1)!, 'the node manager of b (process 4) is gone or silent');
  await workers.gone();
});

test('hosts: names and counts, the agent before all, loopback unless there are others', () => {
  assert.equal(parseHosts(['a:3', 'b']), [
    { name: 'a', ranks: 3 },
    { name: 'b', ranks: 1 },
  ]);
  for (const wrong of ['', 'a:0', 'a:', ':3', 'a b', 'a:x', '-x:1;'])
    throwsCode(() => parseHosts([wrong]), 'INVALID_ARGUMENT');
  assert.equal(withAgent([]), []);
  assert.equal(withAgent(parseHosts(['localhost:2', 'b'])), parseHosts(['localhost:3', 'b']));
  assert.equal(withAgent(parseHosts(['a', 'b'])), parseHosts([hostname(), 'a', 'b']));
  assert.is(listenAddress([], undefined), '127.0.0.1');
  assert.is(listenAddress(parseHosts([hostname()]), undefined), '127.0.0.1');
});

test.after(() => {
  for (const end of [...ends, ...servers]) end.close();
});
test.run();
