/** Cases of sendObject and recvObject. */
import { anySource, anyTag, collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { neighbours, together } from './message-cases.js';
import { values } from './object-cases.js';

export const cases: Cases = {
  'values of every kind down the line': async (c) => {
    for (const value of [...values, values]) {
      let got: unknown = value;
      if (c.rank > 0) got = (await collective.recvObject(c.rank - 1)).data;
      if (c.rank < c.size - 1) await collective.sendObject(got, c.rank + 1);
      c.same('the value', got, value);
    }
  },
  'to itself, in each order': async (c) => {
    for (const value of values) {
      const sending = collective.sendObject(value, c.rank);
      c.same('sent first', (await collective.recvObject(c.rank)).data, value);
      await sending;
      const coming = collective.recvObject(c.rank);
      await collective.sendObject(value, c.rank);
      c.same('received first', (await coming).data, value);
    }
  },
  'many at once, in their order': async (c) => {
    const { next, before } = neighbours(c);
    const sent = values.map((value, i) => collective.sendObject([i, value], next));
    for (const [i, value] of values.entries()) {
      c.same(`value ${i}`, (await collective.recvObject(before)).data, [i, value]);
    }
    await Promise.all(sent);
  },
  'round the ring, with tags of anybody': async (c) => {
    await together(c);
    const { next, before } = neighbours(c);
    for (const [tag, value] of values.entries()) {
      const sending = collective.sendObject(value, next, { tag });
      const got = await collective.recvObject(anySource, { tag: anyTag });
      await sending;
      c.same(`value ${tag}`, got, { data: value, source: before, tag });
    }
    await together(c);
  },
  'values and arrays in turn': async (c) => {
    const { next, before } = neighbours(c);
    const sent = [
      collective.send(Int32Array.of(c.rank), next),
      collective.sendObject({ rank: c.rank }, next),
      collective.send(Int32Array.of(100 + c.rank), next),
    ];
    const heads = [await collective.probe(before)];
    c.same('first', (await collective.recv(Int32Array, before)).data[0], before);
    heads.push(await collective.probe(before));
    c.same('second', (await collective.recvObject(before)).data, { rank: before });
    c.same('third', (await collective.recv(Int32Array, before)).data[0], 100 + before);
    await Promise.all(sent);
    c.same(
      'what probe says',
      heads.map(({ dtype }) => dtype),
      ['int32', 'object'],
    );
  },
  'a long value': async (c) => {
    const { next, before } = neighbours(c);
    const text = (rank: number): string => `${rank}`.repeat(500_000);
    const sending = collective.sendObject(text(c.rank), next);
    const { data } = await collective.recvObject(before);
    if (data !== text(before)) c.note('another text');
    await sending;
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
