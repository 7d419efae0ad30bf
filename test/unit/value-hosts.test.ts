import { readSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ValueHosts } from '../../src/head/value-hosts.js';
import { RemoteValues } from '../../src/launch/remote-values.js';
import type { StorePlace } from '../../src/native/value-stores.js';
import { NodeValues } from '../../src/node-manager/node-values.js';
import { Connection } from '../../src/protocol/connection.js';
import type { FromNode, ToNode } from '../../src/protocol/node-messages.js';
import { fromNode, toNode } from '../../src/protocol/node-shapes.js';
import { encodeValue } from '../../src/protocol/values.js';
import { rejectsCode, until } from '../support/check.js';
import { hasStores, openStores } from '../support/open-stores.js';

const test = suite('values on several hosts');
const servers: Server[] = [];
const ends: { close(): void }[] = [];
const limitMs = 200;
const frameBytes = 1e6;

/** A node whose manager does what `receive` does with each message. */
async function node(
  receive: (message: ToNode, answer: (message: FromNode) => void) => void,
): Promise<{ remote: RemoteValues; end: () => void; heard: ToNode[] }> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const heard: ToNode[] = [];
  server.once('connection', (socket) => {
    const there: Connection<ToNode, FromNode> = new Connection(socket, frameBytes, toNode, {
      message: (message) => {
        heard.push(message);
        receive(message, (answer) => there.send(answer));
      },
      closed: () => undefined,
    });
    ends.push(there);
  });
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const here: Connection<FromNode, ToNode> = new Connection(socket, frameBytes, fromNode, {
    message: (message) => {
      if (message.type === 'valueLaid') remote.laid(message);
    },
    closed: () => remote.lost(),
  });
  ends.push(here);
  const remote = new RemoteValues(here, 'b', process.pid, limitMs);
  return { remote, end: () => here.close(), heard };
}

/** One that holds what it is sent, as a node manager does. */
async function honest(): Promise<Awaited<ReturnType<typeof node>> & { values: NodeValues }> {
  let say: (message: FromNode) => void = () => undefined;
  const values = new NodeValues((message) => say(message));
  const parts = await node((message, answer) => {
    say = answer;
    if (message.type === 'value') values.begin(message.id, message.sizeBytes);
    else if (message.type === 'valuePart') values.write(message.id, message.bytes);
    else if (message.type === 'dropValue') values.drop(message.id);
  });
  return { ...parts, values };
}

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31) % 251);
const content = (bytes: Uint8Array) => ({
  sizeBytes: bytes.length + 16,
  parts: [
    { offset: 0, bytes: bytes.subarray(0, 5) },
    { offset: 21, bytes: bytes.subarray(5) },
  ],
});
function read({ sizeBytes, descriptors = [] }: StorePlace): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const each of descriptors) at += readSync(each, bytes, at, sizeBytes - at, 0);
  return bytes;
}

if (hasStores) {
  test('a value of any size lies on each host, and goes from each', async () => {
    const open = openStores();
    const hosts = new ValueHosts();
    const [a, b] = [await honest(), await honest()];
    assert.equal(await Promise.all([a, b].map(({ remote }) => hosts.supply(remote))), [undefined, undefined]);
    for (const length of [5, 1000, 256 * 1024 - 16, 1_000_003, 17_000_001]) {
      const bytes = bytesOf(length);
      const laid = hosts.lay('d1', content(bytes));
      bytes.fill(0);
      await laid;
      const expected = new Uint8Array(length + 16);
      for (const part of content(bytesOf(length)).parts) expected.set(part.bytes, part.offset);
      for (const host of [undefined, a.remote, b.remote]) assert.equal(read(hosts.place(host, 'd1')!), expected);
      hosts.remove('d1');
      assert.is(hosts.place(a.remote, 'd1') ?? hosts.place(undefined, 'd1'), undefined);
      await until(() => openStores() === open);
    }
    assert.ok(a.heard.every((message) => message.type !== 'valuePart' || message.bytes.length <= 256 * 1024));
  });

  test('a host that comes later gets what is there, and no more what was removed', async () => {
    const open = openStores();
    const hosts = new ValueHosts();
    await hosts.lay('d1', content(bytesOf(300_000)));
    await hosts.lay('d2', content(bytesOf(10)));
    hosts.remove('d2');
    const late = await honest();
    const supplied = hosts.supply(late.remote);
    const meanwhile = hosts.lay('d3', content(bytesOf(400_000)));
    assert.is(await supplied, undefined);
    await meanwhile;
    assert.is(await hosts.supply(late.remote), undefined);
    assert.equal(
      ['d1', 'd2', 'd3'].map((id) => late.remote.place(id)?.sizeBytes),
      [300_016, undefined, 400_016],
    );
    hosts.close();
    late.values.close();
    assert.is(openStores(), open);
  });

  test('a value that is removed on its way is gone on all hosts', async () => {
    const open = openStores();
    const hosts = new ValueHosts();
    const host = await honest();
    await hosts.supply(host.remote);
    const laid = hosts.lay('d1', content(bytesOf(5_000_000)));
    hosts.remove('d1');
    await laid;
    await until(() => openStores() === open);
  });

  test('one host without room: the error says which, and nothing stays on the others', async () => {
    const open = openStores();
    const hosts = new ValueHosts();
    const full = await node((message, answer) => {
      if (message.type !== 'value') return;
      answer({ type: 'valueLaid', id: message.id, error: encodeValue(new Error('no memory'), 'error') });
    });
    await hosts.supply((await honest()).remote);
    await hosts.supply(full.remote);
    for (const length of [10, 3_000_000]) {
      const error = await hosts.lay('d1', content(bytesOf(length))).then(
        () => undefined,
        (reason: Error) => reason,
      );
      assert.is(error?.message, 'node b cannot hold it: no memory');
    }
    await until(() => openStores() === open);
    const late = new ValueHosts();
    await late.lay('d1', content(bytesOf(10)));
    const again = await node((message, answer) => {
      if (message.type === 'value') {
        answer({ type: 'valueLaid', id: message.id, error: encodeValue(new Error('none'), 'error') });
      }
    });
    assert.is(await late.supply(again.remote), 'node b cannot hold it: none');
    assert.is(late.place(again.remote, 'd1'), undefined);
    late.close();
  });

  test('a host that is lost, or takes nothing for too long, keeps nobody waiting: the others have the value', async () => {
    const hosts = new ValueHosts();
    const lost = await node(() => lost.end());
    const silent = await node(() => undefined);
    const good = await honest();
    for (const { remote } of [lost, silent, good]) await hosts.supply(remote);
    const bytes = bytesOf(600_000);
    await hosts.lay('d1', content(bytes));
    assert.equal(
      [lost, silent, good].map(({ remote }) => hosts.place(remote, 'd1')?.sizeBytes),
      [undefined, undefined, 600_016],
    );
    assert.equal(await hosts.supply((await honest()).remote), undefined);
    hosts.close();
    await rejectsCode(hosts.lay('d2', content(bytes)), 'CLOSED');
  });

  test('a node manager drops what is longer than was said, and says so', () => {
    const open = openStores();
    const answers: FromNode[] = [];
    const values = new NodeValues((message) => void answers.push(message));
    values.begin('d1', 10);
    values.write('d1', new Uint8Array(6));
    values.write('d1', new Uint8Array(6));
    values.write('d1', new Uint8Array(6));
    values.write('d2', new Uint8Array(6));
    values.drop('d2');
    assert.equal(
      answers.map((answer) => answer.type === 'valueLaid' && [answer.id, answer.error !== undefined]),
      [['d1', true]],
    );
    values.begin('d3', 10);
    values.begin('d3', 5);
    values.write('d3', new Uint8Array(5));
    assert.is(answers.length, 2);
    values.begin('d4', 10);
    values.close();
    assert.is(openStores(), open);
  });
}

test('without other hosts a value lies on the head’s own', async () => {
  const hosts = new ValueHosts();
  await hosts.lay('d1', content(bytesOf(100)));
  assert.is(hosts.place(undefined, 'd1')?.sizeBytes, 116);
  hosts.remove('d1');
  assert.is(hosts.place(undefined, 'd1'), undefined);
});

test.after(() => {
  for (const end of [...ends, ...servers]) end.close();
});
test.run();
