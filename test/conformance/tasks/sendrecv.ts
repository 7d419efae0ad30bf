/** Cases of sendrecv. */
import { anySource, anyTag, collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { checkMark, lengths, marked, neighbours, ringOfDtypes, together } from './message-cases.js';

export const cases: Cases = {
  'round the ring': async (c) => {
    const { next, before } = neighbours(c);
    for (const [number, length] of lengths.entries()) {
      const y = marked(c, 'float64', length + 1, 96, number);
      const got = await collective.sendrecv(marked(c, 'float64', length, c.rank, number), next, y, before);
      c.same(`${length}`, [got.data === y, got.source, got.count], [true, before, length]);
      checkMark(c, 'what came', y.subarray(0, length), before, number);
      checkMark(c, 'what lies behind', y.subarray(length), 96, number);
    }
  },
  'any dtype into a new array': async (c) => {
    const { next, before } = neighbours(c);
    await ringOfDtypes(c, async (sent, got) => {
      const Class = sent.constructor as Float32ArrayConstructor;
      const { data } = await collective.sendrecv(sent, next, Class, before);
      (got as Float32Array).set(data);
    });
  },
  'both ways, with tags': async (c) => {
    const { next, before } = neighbours(c);
    const [up, down] = [Int32Array.of(c.rank, 1), Int32Array.of(c.rank, 2)];
    const [y, z] = [c.array(Int32Array, 2), c.array(Int32Array, 2)];
    await Promise.all([
      collective.sendrecv(up, next, y, before, { sendTag: 1, recvTag: 1 }),
      collective.sendrecv(down, before, z, next, { sendTag: 2, recvTag: 2 }),
    ]);
    c.same('from before', [...y], [before, 1]);
    c.same('from behind', [...z], [next, 2]);
  },
  'any source and any tag': async (c) => {
    await together(c);
    const { next, before } = neighbours(c);
    const got = await collective.sendrecv(Int32Array.of(c.rank), next, Int32Array, anySource, {
      sendTag: c.rank,
      recvTag: anyTag,
    });
    c.same('the message', [got.source, got.tag, got.data[0]], [before, before, before]);
    await together(c);
  },
  'with a send and a receive on the other side': async (c) => {
    const { next, before } = neighbours(c);
    const [x, y] = [Int32Array.of(c.rank), c.array(Int32Array, 1)];
    if (c.rank === 0) await collective.sendrecv(x, next, y, before);
    else await Promise.all([collective.recv(y, before), collective.send(x, next)]);
    c.same('what came', y[0], before);
  },
  'aliased arrays': async (c) => {
    const x = c.array(Int32Array, 8).fill(1);
    const call = (): unknown => collective.sendrecv(x.subarray(0, 5), 0, x.subarray(4), 0);
    await c.refused('two halves that overlap', call, 'INVALID_ARGUMENT');
    await c.refused('one array for both', () => collective.sendrecv(x, 0, x, 0), 'INVALID_ARGUMENT');
    c.elements('the array', x, 8, () => 1);
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
