/** Cases of recv: what a receive gets, and what it refuses. */
import { anySource, anyTag, collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { checkMark, marked, neighbours, together } from './message-cases.js';

export const cases: Cases = {
  'receive, then send': async (c) => {
    const { next, before } = neighbours(c);
    for (const length of [0, 3, 900, 40_000]) {
      const y = c.array(Float32Array, length);
      const coming = collective.recv(y, before);
      await collective.send(marked(c, 'float32', length, c.rank, 2), next);
      await coming;
      checkMark(c, `${length}`, y, before, 2);
    }
  },
  'any source and any tag': async (c) => {
    await together(c);
    const { next, before } = neighbours(c);
    for (let i = 0; i < 8; i++) {
      const sending = collective.send(Int32Array.of(c.rank, i), next, { tag: 10 + i });
      const source = i % 2 === 0 ? anySource : before;
      const got = await collective.recv(Int32Array, source, { tag: i % 4 < 2 ? anyTag : 10 + i });
      c.same(`message ${i}`, [got.source, got.tag, ...got.data], [before, 10 + i, before, i]);
      await sending;
    }
    await together(c);
  },
  'tags pick the message': async (c) => {
    const { next, before } = neighbours(c);
    const sent = [1, 2, 3].map((tag) => collective.send(Int32Array.of(tag), next, { tag }));
    for (const tag of [3, 1, 2]) {
      const { data } = await collective.recv(Int32Array, before, { tag });
      c.same(`tag ${tag}`, [...data], [tag]);
    }
    await Promise.all(sent);
  },
  'several open receives, in their order': async (c) => {
    await together(c);
    const { next, before } = neighbours(c);
    const coming = Array.from({ length: 10 }, () => collective.recv(Int32Array, anySource, { tag: anyTag }));
    for (let i = 0; i < 10; i++) await collective.send(Int32Array.of(i), next, { tag: 10 - i });
    for (const [i, got] of (await Promise.all(coming)).entries()) {
      c.same(`receive ${i}`, [got.source, got.tag, got.data[0]], [before, 10 - i, i]);
    }
    await together(c);
  },
  'message shorter than the buffer': async (c) => {
    const { next, before } = neighbours(c);
    for (const length of [0, 5, 2_000]) {
      const y = marked(c, 'int32', length + 3, 97, 0);
      const sending = collective.send(marked(c, 'int32', length, c.rank, 4), next);
      const { count } = await collective.recv(y, before);
      await sending;
      c.same(`${length}`, count, length);
      checkMark(c, 'what came', y.subarray(0, length), before, 4);
      checkMark(c, 'what lies behind', y.subarray(length), 97, 0);
    }
  },
  'message longer than the buffer': async (c) => {
    const { next, before } = neighbours(c);
    for (const length of [5, 2_000]) {
      const y = marked(c, 'int32', length - 1, 97, 0);
      const sent = [length, 2].map((each) => collective.send(marked(c, 'int32', each, c.rank, 5), next));
      await c.refused(`${length}`, () => collective.recv(y, before), 'MESSAGE_TRUNCATED');
      checkMark(c, 'the buffer', y, 97, 0);
      const { data } = await collective.recv(Int32Array, before);
      checkMark(c, 'the next message', data, before, 5);
      await Promise.all(sent);
    }
  },
  'message of another dtype': async (c) => {
    const { next, before } = neighbours(c);
    const y = marked(c, 'int32', 4, 97, 0);
    const sending = collective.send(new Float32Array(4), next);
    await c.refused('floats for integers', () => collective.recv(y, before), 'COLLECTIVE_MISMATCH');
    checkMark(c, 'the buffer', y, 97, 0);
    await sending;
  },
  'bad arguments': async (c) => {
    const y = new Float32Array(4);
    for (const source of [c.size, -1, 0.5, 'any']) {
      const call = (): unknown => collective.recv(y, source as number);
      await c.refused(`source ${source}`, call, 'INVALID_ARGUMENT');
    }
    await c.refused('no buffer', () => collective.recv([] as never, 0), 'INVALID_ARGUMENT');
    await c.refused('tag −1', () => collective.recv(y, 0, { tag: -1 }), 'INVALID_ARGUMENT');
  },
  'two receives into one buffer': async (c) => {
    const { next, before } = neighbours(c);
    const y = c.array(Int32Array, 2);
    const coming = collective.recv(y, before);
    const call = (): unknown => collective.recv(y.subarray(1), before);
    await c.refused('the second', call, 'INVALID_ARGUMENT');
    await collective.send(Int32Array.of(7, 8), next);
    await coming;
    c.elements('the first', y, 2, (i) => 7 + i);
    await together(c);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
