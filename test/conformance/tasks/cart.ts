/** Cases of cart. */
import type { CartGroup, Received } from 'shoal/worker';
import { collective } from 'shoal/worker';
import type { Case, Cases } from './case.js';
import { runCases } from './case.js';

/** Ranks in two dimensions, as near to a square as they can lie; and in three. */
function gridsOf(size: number): number[][] {
  let rows = Math.floor(Math.sqrt(size));
  while (size % rows !== 0) rows--;
  return [[size], [rows, size / rows], [size / rows, 1, rows]];
}

async function everyGrid(c: Case, run: (grid: CartGroup, what: string) => unknown): Promise<void> {
  for (const dims of gridsOf(c.size)) {
    for (const periodic of [false, true]) {
      const grid = await collective.cart(dims, { periodic });
      await run(grid!, `${dims.join(' × ')}${periodic ? ', periodic' : ''}`);
      grid!.close();
    }
  }
}

export const cases: Cases = {
  'every form': async (c) => {
    for (const form of ['awaited', 'blocking'] as const) {
      const grid = (await c.call('cart', form, [1, c.size], { periodic: [true, false] })) as CartGroup;
      c.same(
        form,
        [grid.dims, grid.periodic, grid.coords],
        [
          [1, c.size],
          [true, false],
          [0, c.rank],
        ],
      );
      grid.close();
    }
  },
  'coordinates and ranks': async (c) => {
    await everyGrid(c, (grid, what) => {
      for (let rank = 0; rank < grid.size; rank++) c.same(what, grid.rankAt(grid.coordsOf(rank)), rank);
      c.same(`${what}: own`, grid.coordsOf(grid.rank), [...grid.coords]);
    });
  },
  'shift along every dimension': async (c) => {
    await everyGrid(c, async (grid, what) => {
      for (const [dimension, length] of grid.dims.entries()) {
        for (const by of [0, 1, -1, 2]) {
          const { source, dest } = grid.shift(dimension, by);
          const to = grid.coords[dimension]! + by;
          const isOutside = grid.periodic[dimension] !== true && (to < 0 || to >= length);
          c.same(`${what}: whether there is a dest`, dest === undefined, isOutside);
          // What each sends comes from its source.
          const sent = dest === undefined ? undefined : grid.send(Int32Array.of(grid.rank), dest, { tag: dimension });
          const got = source === undefined ? undefined : await grid.recv(Int32Array, source, { tag: dimension });
          await sent;
          c.same(`${what}: shift ${dimension} by ${by}`, got?.data[0], source);
        }
      }
    });
  },
  'nobody beyond the border': async (c) => {
    const [, dims = []] = gridsOf(c.size);
    const grid = (await collective.cart(dims))!;
    for (const [dimension, by] of dims.flatMap((_, i) => [[i, 1] as const, [i, -1] as const])) {
      const { source, dest } = grid.shift(dimension, by);
      const length = c.oneOf([0, 1, 5_000]);
      const none = [undefined, undefined, 0];
      for (const form of ['awaited', 'blocking'] as const) {
        const what = `${form}, ${dimension} by ${by}`;
        const check = (call: string, got: unknown, data: Int32Array | undefined, count = length): void => {
          const received = got as Received<Int32Array>;
          if (data) c.same(`${what}, ${call}: data`, received.data === data, true);
          c.elements(`${what}, ${call}`, received.data, data || source !== undefined ? count : 0, () => source ?? -1);
          const wanted = source === undefined ? none : [source, 0, count];
          c.same(`${what}, ${call}: message`, [received.source, received.tag, received.count], wanted);
        };
        const x = c.array(Int32Array, length).fill(c.rank);
        const [y, z] = [c.array(Int32Array, length).fill(-1), c.array(Int32Array, length).fill(-1)];
        check('sendrecv', await c.callOf(grid, 'sendrecv', form, x, dest, y, source), y);
        const sent = grid.send(x, dest);
        check('recv', await c.callOf(grid, 'recv', form, z, source), z);
        await sent;
        await c.callOf(grid, 'send', form, Int32Array.of(c.rank), dest);
        check('a class', await c.callOf(grid, 'recv', form, Int32Array, source), undefined, 1);
        await c.callOf(grid, 'sendObject', form, { rank: c.rank }, dest);
        const object = await c.callOf(grid, 'recvObject', form, source);
        const data = source === undefined ? undefined : { rank: source };
        c.same(`${what}, an object`, object, { data, source, tag: source === undefined ? undefined : 0 });
      }
    }
    grid.close();
  },
  'wrong calls with nobody': async (c) => {
    const grid = (await collective.cart([c.size]))!;
    const nobody = undefined;
    const [x, y] = [c.array(Int32Array, 3), c.array(Int32Array, 3)];
    const wrong: Readonly<Record<string, () => unknown>> = {
      'no array to send': () => grid.send([1] as never, nobody),
      'no array to receive into': () => grid.recv([1] as never, nobody),
      'a tag': () => grid.send(x, nobody, { tag: -1 }),
      'a tag to receive': () => grid.recv(y, nobody, { tag: -1 }),
      'an option': () => grid.sendObject(1, nobody, { tags: 1 } as never),
      'a limit': () => grid.recvObject(nobody, { timeoutMs: -1 }),
      'one array for both': () => grid.sendrecv(x, nobody, x, nobody),
      'a probe': () => grid.probe(nobody as never),
      null: () => grid.send(x, null as never),
      'in another group': () => collective.send(x, nobody as never),
      'received in another group': () => collective.recv(x, nobody as never),
    };
    for (const [name, call] of Object.entries(wrong)) await c.refused(name, call, 'INVALID_ARGUMENT');
    grid.close();
    await c.refused('a closed grid', () => grid.send(x, nobody), 'CLOSED');
  },
  'rows, columns and other parts': async (c) => {
    await everyGrid(c, async (grid, what) => {
      const keeps =
        grid.dims.length === 1 ? [[true], [false]] : [grid.dims.map((_, i) => i === 0), grid.dims.map(() => true)];
      for (const keep of keeps) {
        const part = await grid.sub(keep);
        c.same(
          `${what}: dims`,
          part.dims,
          grid.dims.filter((_, i) => keep[i]),
        );
        c.same(
          `${what}: coords`,
          part.coords,
          grid.coords.filter((_, i) => keep[i]),
        );
        c.same(
          `${what}: sum`,
          await part.allreduce(1),
          part.dims.reduce((product, dim) => product * dim, 1),
        );
        part.close();
      }
      const row = await grid.row();
      c.same(`${what}: row`, [row.size, row.rank], [grid.dims.at(-1), grid.coords.at(-1)]);
      row.close();
      if (grid.dims.length === 1) return;
      const column = await grid.column();
      c.same(`${what}: column`, [column.size, column.rank], [grid.dims.at(-2), grid.coords.at(-2)]);
      column.close();
    });
  },
  'fewer places than ranks': async (c) => {
    for (let places = 1; places <= c.size; places++) {
      const grid = await collective.cart([places]);
      c.same(`${places}`, grid?.size, c.rank < places ? places : undefined);
      grid?.close();
    }
  },
  'wrong dimensions': async (c) => {
    for (const dims of [[], [0], [-1], [c.size + 1], [0.5], 4]) {
      await c.refused(String(dims), () => collective.cart(dims as number[]), 'INVALID_ARGUMENT');
    }
  },
  'wrong on one rank': async (c) => {
    const isOdd = c.rank === c.draw(c.size);
    const code = isOdd ? 'INVALID_ARGUMENT' : 'COLLECTIVE_MISMATCH';
    await c.refused('no places', () => collective.cart(isOdd ? [0] : [1]), code);
  },
  'unmatched dimensions': async (c) => {
    if (c.size < 2) return;
    const dims = c.rank === 0 ? [2, 1] : [1, 2];
    await c.refused('two grids', () => collective.cart(dims), 'COLLECTIVE_MISMATCH');
    const periodic = c.rank === 0;
    await c.refused('one periodic', () => collective.cart([2], { periodic }), 'COLLECTIVE_MISMATCH');
  },
  'outside of the grid': async (c) => {
    const grid = await collective.cart([1, c.size]);
    await c.refused('a place', () => Promise.resolve().then(() => grid!.rankAt([1, 0])), 'INVALID_ARGUMENT');
    await c.refused('a dimension', () => Promise.resolve().then(() => grid!.shift(2, 1)), 'INVALID_ARGUMENT');
    await c.refused('a rank', () => Promise.resolve().then(() => grid!.coordsOf(c.size)), 'INVALID_ARGUMENT');
    grid!.close();
  },
};

export const all = (seed: number): Promise<string[]> => runCases(cases, seed);
