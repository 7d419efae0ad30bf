import { readdirSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Connection } from '../../src/protocol/connection.js';
import { Gate } from '../../src/protocol/gate.js';
import type { Role } from '../../src/protocol/greeting.js';
import { encodeAnswer, encodeGreeting, greet, greetingBytes, protocolVersion } from '../../src/protocol/greeting.js';
import { fields, text } from '../../src/protocol/shape.js';
import { newToken } from '../../src/protocol/token.js';
import { rejectsCode, until } from '../support/check.js';
import { framed, frameHead, frameOf } from '../support/frame.js';

const test = suite('gate');
const token = newToken();
const ends: (() => void)[] = [];
const shapes = { say: fields({ text }) };

interface Say {
  readonly type: 'say';
  readonly text: string;
}

interface Opened {
  readonly gate: Gate;
  readonly open: () => Socket;
  readonly admitted: Role[];
  readonly heard: string[];
  readonly closed: (Error | undefined)[];
  readonly refused: string[];
}

/** A listener behind a gate; what it throws when it hears `throw` is its own error. */
async function opened(options: { maxStrangers?: number; limitMs?: number } = {}): Promise<Opened> {
  const [admitted, heard, closed, refused]: [Role[], string[], (Error | undefined)[], string[]] = [[], [], [], []];
  const gate = new Gate(
    { token, roles: ['user', 'node'], ...options },
    {
      admitted: (socket, role) => {
        admitted.push(role);
        const connection: Connection<Say, Say> = new Connection<Say, Say>(socket, 1000, shapes, {
          message: ({ text: said }) => {
            if (said === 'throw') throw new RangeError('of the handler');
            heard.push(said);
            connection.send({ type: 'say', text: `heard ${said}` });
          },
          closed: (error) => void closed.push(error),
        });
      },
      refused: (why, version) => void refused.push(`${why} ${version}`),
    },
  );
  const server: Server = createServer((socket) => gate.receive(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    gate.close();
    server.close();
  });
  const sockets: Socket[] = [];
  ends.push(() => sockets.forEach((socket) => socket.destroy()));
  const open = (): Socket => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    return socket;
  };
  return { gate, open, admitted, heard, closed, refused };
}

/** Everything that a socket hears until its end. */
function listen(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('close', () => resolve(Buffer.concat(chunks)));
  });
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('whoever has the token is let in, in whatever pieces it comes, and what follows is read', async () => {
  const { open, admitted, heard } = await opened();
  const bytes = Buffer.concat([encodeGreeting('user', token), frameOf({ type: 'say', text: 'at once' })]);
  for (const cut of [0, 1, 6, 7, 12, 43, 44, 45, bytes.length]) {
    const socket = open().setNoDelay();
    socket.write(bytes.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(bytes.subarray(cut));
    await until(() => heard.length > 0);
    heard.length = 0;
    socket.destroy();
  }
  const socket = await greet(open, 'node', token, 1_000);
  const answers: string[] = [];
  const connection = new Connection<Say, Say>(socket, 1000, shapes, {
    message: (message) => void answers.push(message.text),
    closed: () => undefined,
  });
  connection.send({ type: 'say', text: 'greeted' });
  await until(() => answers.length === 1);
  assert.equal(answers, ['heard greeted']);
  assert.is(admitted.at(-1), 'node');
  connection.close();
});

test('whoever has not is cut off without a word: noise, another role, a token that differs in one bit', async () => {
  const { open, admitted, refused, gate } = await opened();
  const right = encodeGreeting('user', token);
  const changed = (at: number, by: number): Buffer => {
    const bytes = Buffer.from(right);
    bytes[at]! ^= by;
    return bytes;
  };
  const wrong = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(greetingBytes, 255),
    encodeGreeting('rank', token),
    changed(0, 1),
    changed(6, 8),
    changed(7, 1),
    ...Array.from({ length: 32 }, (_, i) => changed(12 + i, 1 << (i % 8))),
  ];
  for (const bytes of wrong) {
    const socket = open();
    const said = listen(socket);
    socket.write(bytes);
    assert.is((await said).length, 0);
  }
  assert.equal(admitted, []);
  assert.equal(refused, Array(32).fill('token 0'));
  assert.is(gate.strangers, 0);
});

test('another version, with the right token, is told which there is', async () => {
  const { open, admitted, refused } = await opened();
  const socket = open();
  const said = listen(socket);
  socket.write(encodeGreeting('user', token, 77));
  assert.equal(await said, encodeAnswer('version'));
  assert.equal([admitted, refused], [[], ['version 77']]);
  // And the other way round.
  const server = createServer((peer) => {
    const answer = encodeAnswer('version');
    answer.writeUInt32LE(99, 8);
    peer.on('error', () => undefined).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { message } = await rejectsCode(
    greet(() => connect(port, '127.0.0.1'), 'user', token, 1_000),
    'PROTOCOL',
  );
  assert.match(message, `speaks version 99 of the protocol, this process version ${protocolVersion}`);
  server.close();
});

test('who connects says why it could not: nobody there, nobody who answers, somebody else', async () => {
  const said = async (answer: (socket: Socket) => void, limitMs = 200): Promise<string> => {
    const server = createServer((socket) => answer(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const error = await rejectsCode(
      greet(() => connect(port, '127.0.0.1'), 'user', token, limitMs),
      'PROTOCOL',
    );
    server.close();
    return error.message;
  };
  assert.match(await said(() => undefined), 'did not answer within 200 ms');
  assert.match(await said((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')), 'does not speak the protocol');
  assert.match(await said((socket) => socket.on('data', () => socket.end())), 'closed the connection');
  assert.match(await said((socket) => socket.end(encodeAnswer('busy'))), 'has had no room for 200 ms');
  const absent = greet(() => connect(1, '127.0.0.1'), 'user', token, 200);
  assert.match((await rejectsCode(absent, 'PROTOCOL')).message, 'cannot be reached');
});

test('who stays silent is cut off, and its descriptor comes back', async () => {
  const { open, gate } = await opened({ limitMs: 100 });
  const before = descriptors();
  const silent = Array.from({ length: 40 }, (_, i) => {
    const socket = open();
    if (i % 2 === 0) socket.write(encodeGreeting('user', token).subarray(0, 43));
    return listen(socket);
  });
  await until(() => gate.strangers === 40);
  await Promise.all(silent);
  await until(() => gate.strangers === 0);
  await until(() => descriptors() <= before);
});

test('more strangers than there is room for do not keep ours out, nor take descriptors', async () => {
  const { open, gate, admitted } = await opened({ maxStrangers: 8 });
  const before = descriptors();
  let flooding = true;
  const flood = async (): Promise<void> => {
    while (flooding) {
      for (let i = 0; i < 20; i++) open().resume();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const flooded = flood();
  await until(() => gate.strangers >= 8);
  for (let i = 0; i < 20; i++) (await greet(open, 'user', token, 10_000)).destroy();
  flooding = false;
  await flooded;
  assert.is(admitted.length, 20);
  await until(() => gate.strangers <= 8);
  for (const end of ends.splice(0)) end();
  await until(() => descriptors() <= before);
});

test('who sends too long a frame, a damaged one or what is no message is cut off, with the reason', async () => {
  const { open, closed, heard } = await opened();
  const none = [{}, { type: 7 }, { type: 'shout', text: '' }, { type: 'say' }, { type: 'say', text: 7 }, ['say'], null];
  const wrong = [
    [frameHead(1001), 'announced a frame of 1001 bytes'],
    [frameHead(1, 1000), 'announced a frame of 1001 bytes'],
    [Buffer.concat([frameHead(1, 7), Buffer.of(0xc0)]), 'marks for 0 bytes'],
    [framed(Buffer.of(0xc1)), 'no message'],
    ...none.map((message) => [frameOf(message), 'a peer sent a message'] as const),
    ...['__proto__', 'constructor', 'toString'].map(
      (type) => [frameOf({ type, text: '' }), 'none of its protocol'] as const,
    ),
  ] as const;
  for (const [bytes, why] of wrong) {
    const socket = await greet(open, 'user', token, 1_000);
    socket.write(Buffer.concat([bytes, frameOf({ type: 'say', text: 'after' })]));
    const before = closed.length;
    await until(() => closed.length > before);
    assert.match(closed.at(-1)!.message, why);
    socket.destroy();
  }
  assert.equal(heard, []);
});

test('an error of our own handler is an uncaught one, and the connection goes on', async () => {
  const { open, heard, closed } = await opened();
  const socket = await greet(open, 'user', token, 1_000);
  const uncaught = new Promise<Error>((resolve) => process.once('uncaughtException', resolve));
  for (const said of ['throw', 'go on']) socket.write(frameOf({ type: 'say', text: said }));
  assert.is((await uncaught).message, 'of the handler');
  await until(() => heard.length === 1);
  assert.equal([heard, closed], [['go on'], []]);
  socket.destroy();
});

test.after(() => {
  for (const end of ends) end();
});
test.run();
