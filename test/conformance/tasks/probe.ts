/** Cases of probe. */
import { anySource, anyTag, collective } from 'shoal/worker';
import type { Cases } from './case.js';
import { runCases } from './case.js';
import { checkMark, lengths, marked, neighbours, together } from './message-cases.js';

export const cases: Cases = {
  'probe, then receive': async (c) => {
    await together(c);
    const { next, before } = neighbours(c);
    for (const [number, length] of lengths.entries()) {
      const sending = collective.send(marked(c, 'int32', length, c.rank, number), next, { tag: number });
      const head = await collective.probe(c.oneOf([before, anySource]), { tag: c.oneOf([number, anyTag]) });
      c.same(`${length}`, head, { source: before, tag: number, dtype: 'int32', count: length });
      const again = await collective.probe(before, { tag: number });
      c.same('it is still there', again, head);
      const y = c.array(Int32Array, head.count);
      await collective.recv(y, head.source, { tag: head.tag });
      await sending;
      checkMark(c, `${length}`, y, before, number);
    }
    await together(c);
  },
  'message of zero elements to itself': async (c) => {
    await together(c);
    const sending = collective.send(new Uint8Array(0), c.rank, { tag: 123 });
    const head = await collective.probe(anySource, { tag: anyTag });
    c.same('the head', [head.source, head.tag, head.count], [c.rank, 123, 0]);
    await collective.recv(Uint8Array, c.rank, { tag: 123 });
    await sending;
    await together(c);
  },
  'a probe waits': async (c) => {
    const { next, before } = neighbours(c);
    const coming = collective.probe(before, { tag: 5 });
    await collective.send(Int32Array.of(1), next, { tag: 4 });
    await collective.send(Int32Array.of(2, 3), next, { tag: 5 });
    c.same('the one with its tag', (await coming).count, 2);
    for (const tag of [4, 5]) await collective.recv(Int32Array, before, { tag });
  },
  'a receive that is open gets it first': async (c) => {
    const { next, before } = neighbours(c);
    const received = collective.recv(Int32Array, before);
    const probed = collective.probe(before);
    await collective.send(Int32Array.of(1), next);
    await collective.send(Int32Array.of(2, 2), next);
    c.same('counts', [(await received).count, (await probed).count], [1, 2]);
    await collective.recv(Int32Array, before);
  },
  'bad arguments': async (c) => {
    for (const source of [c.size, -1, undefined]) {
      const call = (): unknown => collective.probe(source as number);
      await c.refused(`source ${source}`, call, 'INVALID_ARGUMENT');
    }
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
