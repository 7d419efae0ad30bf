/** Cases of send, with receives that are plain. */
import { collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { checkMark, lengths, marked, neighbours, ringOfDtypes, together } from './message-cases.js';

export const cases: Cases = {
  'send, then receive': async (c) => {
    const { next, before } = neighbours(c);
    await ringOfDtypes(c, async (sent, got, dtype) => {
      const sending = collective.send(sent, next, { dtype, tag: 3 });
      const { data, source, tag, count } = await collective.recv(got, before, { dtype, tag: 3 });
      const elements = got.length / (dtype.startsWith('complex') ? 2 : 1);
      c.same(dtype, [data === got, source, tag, count], [true, before, 3, elements]);
      await sending;
    });
  },
  'down the line and back': async (c) => {
    for (const [number, length] of lengths.entries()) {
      const x = marked(c, 'int32', length, c.rank === 0 ? 0 : 99, number);
      if (c.rank > 0) await collective.recv(x, c.rank - 1);
      if (c.rank < c.size - 1) {
        await collective.send(x, c.rank + 1);
        await collective.recv(x, c.rank + 1);
      }
      if (c.rank > 0) await collective.send(x, c.rank - 1);
      checkMark(c, `${length}`, x, 0, number);
    }
  },
  'to itself': async (c) => {
    for (const [number, length] of lengths.entries()) {
      const x = marked(c, 'float64', length, c.rank, number);
      const y = marked(c, 'float64', length, 98, number);
      const sending = collective.send(x, c.rank, { tag: number });
      await collective.recv(y, c.rank, { tag: number });
      await sending;
      checkMark(c, `sent first, ${length}`, y, c.rank, number);
      const coming = collective.recv(y, c.rank, { tag: number });
      await collective.send(x, c.rank, { tag: number });
      await coming;
      checkMark(c, `received first, ${length}`, y, c.rank, number);
    }
  },
  'many at once to one, in their order': async (c) => {
    const { next, before } = neighbours(c);
    const sent = Array.from({ length: 60 }, (_, i) => collective.send(Int32Array.of(c.rank, i), next));
    for (let i = 0; i < 60; i++) {
      const { data } = await collective.recv(Int32Array, before);
      c.same(`message ${i}`, [...data], [before, i]);
    }
    await Promise.all(sent);
  },
  'all send to all': async (c) => {
    const length = 1_500;
    const got = Array.from({ length: c.size }, () => c.array(Int32Array, length));
    const coming = got.map((x, source) => collective.recv(x, source));
    const sent = Array.from({ length: c.size }, (_, dest) =>
      collective.send(marked(c, 'int32', length, c.rank, dest), dest),
    );
    await Promise.all([...coming, ...sent]);
    for (const [source, x] of got.entries()) checkMark(c, `of rank ${source}`, x, source, c.rank);
  },
  'a flood': async (c) => {
    // More than is kept: the sender waits for the receiver.
    const count = 1_500;
    const dest = c.size - 1;
    if (c.rank === 0 && c.size > 1) for (let i = 0; i < count; i++) await collective.send(Int32Array.of(i), dest);
    if (c.rank === dest && c.size > 1) {
      for (let i = 0; i < count; i++) {
        const { data } = await collective.recv(Int32Array, 0);
        if (data[0] !== i) c.note(`message ${i} is ${data[0]}`);
      }
    }
    await together(c);
  },
  'smallest and largest tag': async (c) => {
    const { next, before } = neighbours(c);
    for (const tag of [0, 1, 2 ** 16, 2 ** 31 - 1]) {
      const sending = collective.send(Int32Array.of(c.rank), next, { tag });
      const got = await collective.recv(Int32Array, before, { tag });
      await sending;
      c.same(`${tag}`, [got.tag, got.data[0]], [tag, before]);
    }
  },
  'bad arguments': async (c) => {
    const x = new Float32Array(4);
    const bad = { dest: c.size, below: -1, half: 0.5, text: '0' };
    for (const [sentence, dest] of Object.entries(bad)) {
      await c.refused(sentence, () => collective.send(x, dest as number), 'INVALID_ARGUMENT');
    }
    for (const tag of [-1, 2 ** 31, 1.5]) {
      await c.refused(`tag ${tag}`, () => collective.send(x, 0, { tag }), 'INVALID_ARGUMENT');
    }
    await c.refused('no array', () => collective.send('text' as never, 0), 'INVALID_ARGUMENT');
    await c.refused('a root', () => collective.send(x, 0, { root: 0 } as never), 'INVALID_ARGUMENT');
  },
  'blocking form': async (c) => {
    if (['loopback', 'local'].includes(process.env.SHOAL_TEST_TRANSPORT ?? '')) return together(c);
    const { next, before } = neighbours(c);
    const x = marked(c, 'int32', 900, c.rank, 1);
    const y = c.array(Int32Array, 900);
    collective.sendSync(x, next);
    collective.recvSync(y, before);
    checkMark(c, 'round the ring', y, before, 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
