/** A grid of ranks: who lies where, and who is next to whom. Ranks count row by row, as those of MPI's grids do. */
import type { GivenSplit } from '../calls/split-calls.js';
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';

const hashPrime = 16_777_619;

/** How a group is split into grids. */
export interface GridSplit extends GivenSplit {
  /** That of this rank. */
  readonly grid: Grid;
}

/** See above. */
export class Grid {
  readonly dims: readonly number[];
  readonly periodic: readonly boolean[];

  constructor(dims: readonly number[], periodic: readonly boolean[]) {
    this.dims = dims;
    this.periodic = periodic;
  }

  get size(): number {
    return this.dims.reduce((product, dim) => product * dim, 1);
  }

  coordsOf(rank: unknown): number[] {
    if (!isWithin(rank, this.size)) {
      throw new InvalidArgumentError(
        `coordsOf: expected a rank from 0 to ${this.size - 1} of the grid, received ${show(rank)}`,
      );
    }
    let left = rank;
    const backwards = [...this.dims].reverse().map((dim) => {
      const coord = left % dim;
      left = (left - coord) / dim;
      return coord;
    });
    return backwards.reverse();
  }

  rankAt(coords: unknown): number {
    const given: readonly unknown[] = Array.isArray(coords) ? coords : [];
    const isPlace = given.length === this.dims.length && given.every((coord) => Number.isSafeInteger(coord));
    const rank = isPlace ? this.#rankAt(given as number[]) : undefined;
    if (rank !== undefined) return rank;
    const parts = this.dims.map((dim, i) => (this.periodic[i] ? 'any integer' : `0 to ${dim - 1}`)).join(', ');
    throw new InvalidArgumentError(
      `rankAt: expected ${this.dims.length} coordinates within the grid (${parts}), received ${show(coords)}`,
    );
  }

  shift(rank: number, dimension: unknown, by: unknown): { source: number | undefined; dest: number | undefined } {
    if (!isWithin(dimension, this.dims.length)) {
      throw new InvalidArgumentError(
        `shift: expected a dimension from 0 to ${this.dims.length - 1}, received ${show(dimension)}`,
      );
    }
    if (!Number.isSafeInteger(by)) {
      throw new InvalidArgumentError(`shift: expected by to be an integer, received ${show(by)}`);
    }
    const at = (places: number): number | undefined => {
      const coords = this.coordsOf(rank);
      coords[dimension] = (coords[dimension] ?? 0) + places;
      return this.#rankAt(coords);
    };
    return { source: at(-(by as number)), dest: at(by as number) };
  }

  /** Grids of the ranks that differ in the kept dimensions alone. */
  kept(keep: unknown, options: unknown, rank: number): GridSplit {
    const { dims, periodic } = this;
    const given: readonly unknown[] = Array.isArray(keep) ? keep : [];
    if (given.length !== dims.length || !given.every((each) => typeof each === 'boolean')) {
      throw new InvalidArgumentError(
        `sub: expected keep to be a list of ${dims.length} booleans, one for each dimension, received ${show(keep)}`,
      );
    }
    const isKept = (_: unknown, i: number): boolean => given[i] === true;
    const grid = new Grid(dims.filter(isKept), periodic.filter(isKept));
    const color = this.coordsOf(rank).reduce((sum, coord, i) => (given[i] ? sum : sum * (dims[i] ?? 1) + coord), 0);
    return { grid, color, key: 0, options, shape: hash(given.map(Number)) };
  }

  /** Keep one dimension, counted from the last: 1. */
  only(what: string, fromLast: number): boolean[] {
    const { length } = this.dims;
    if (length >= fromLast) return this.dims.map((_, i) => i === length - fromLast);
    throw new InvalidArgumentError(
      `${what}: expected a grid of at least ${fromLast} dimensions, this has ${length}; call it on the grid of all ranks`,
    );
  }

  #rankAt(coords: readonly number[]): number | undefined {
    let rank = 0;
    for (const [i, dim] of this.dims.entries()) {
      let coord = coords[i] ?? 0;
      if (this.periodic[i]) coord = ((coord % dim) + dim) % dim;
      else if (coord < 0 || coord >= dim) return undefined;
      rank = rank * dim + coord;
    }
    return rank;
  }
}

/**
 * Read the arguments of `cart`.
 *
 * @param rank - In the group that the grid is made of, which has `size` ranks.
 */
export function readGrid(what: string, dims: unknown, given: unknown, rank: number, size: number): GridSplit {
  const list: readonly unknown[] = Array.isArray(dims) ? Array.from(dims as readonly unknown[]) : [];
  const areDims = list.length > 0 && list.every((dim) => isWithin(dim, size + 1) && dim > 0);
  const ranks = areDims ? (list as number[]).reduce((product, dim) => product * dim, 1) : Infinity;
  if (ranks > size) {
    throw new InvalidArgumentError(
      `${what}: expected dims to be a list of integers above 0 whose product is at most the ${size} ranks of the group, ` +
        `received ${show(dims)}`,
    );
  }
  const isObject = typeof given === 'object' && given !== null;
  const { periodic = false, ...others } = (isObject ? given : {}) as { periodic?: unknown };
  const ends: readonly unknown[] = Array.isArray(periodic) ? periodic : list.map(() => periodic);
  if (ends.length !== list.length || !ends.every((each) => typeof each === 'boolean')) {
    throw new InvalidArgumentError(
      `${what}: expected periodic to be a boolean, or a list of ${list.length}, received ${show(periodic)}`,
      { option: 'periodic' },
    );
  }
  const grid = new Grid(list as number[], ends);
  const color = rank < grid.size ? 0 : undefined;
  return { grid, color, key: 0, options: isObject ? others : given, shape: hash([...grid.dims, ...ends.map(Number)]) };
}

/** A number that tells lists apart. */
function hash(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => Math.imul(sum ^ (each + 1), hashPrime), numbers.length) >>> 0;
}

function isWithin(value: unknown, end: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < end;
}
