/** On which nodes a gang's workers are. Pure. */
import type { Placement } from '../protocol/pool-messages.js';

/**
 * Choose workers for a gang.
 *
 * @param nodes - World ranks of the idle workers of each node, ascending.
 * @returns World ranks, ascending; undefined when the gang has to wait.
 */
export function choose(
  count: number,
  placement: Placement,
  nodes: readonly (readonly number[])[],
): readonly number[] | undefined {
  // Equal ones in order of their lowest world rank, so that the same gang meets again.
  const byLowest = nodes.filter((node) => node.length > 0).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const largestFirst = [...byLowest].sort((a, b) => b.length - a.length);
  const chosen = placement.endsWith('spread')
    ? spread(count, largestFirst, placement === 'strict-spread')
    : pack(count, largestFirst, placement === 'strict-pack');
  return chosen.length === count ? chosen.sort((a, b) => a - b) : undefined;
}

/** Whole nodes, the largest first, and then the smallest that holds the rest: large ones stay free for large gangs. */
function pack(count: number, largestFirst: readonly (readonly number[])[], strict: boolean): number[] {
  const left = [...largestFirst];
  const chosen: number[] = [];
  while (left.length > 0) {
    const missing = count - chosen.length;
    const best = bestFit(missing, left);
    if (best) return [...chosen, ...best.slice(0, missing)];
    if (strict) return [];
    chosen.push(...(left.shift() ?? []));
  }
  return chosen;
}

/** The smallest node that holds that many; of equal ones the first. */
function bestFit(count: number, largestFirst: readonly (readonly number[])[]): readonly number[] | undefined {
  const fitting = largestFirst.filter((node) => node.length >= count);
  const least = Math.min(...fitting.map((node) => node.length));
  return fitting.find((node) => node.length === least);
}

/** One worker of each node in turn. */
function spread(count: number, largestFirst: readonly (readonly number[])[], strict: boolean): number[] {
  const chosen: number[] = [];
  const turns = strict ? 1 : count;
  for (let turn = 0; turn < turns; turn++) {
    for (const node of largestFirst) {
      const worldRank = node[turn];
      if (worldRank !== undefined && chosen.length < count) chosen.push(worldRank);
    }
  }
  return chosen;
}

/** How many of these workers each node has. */
export function nodeSizes(workers: readonly { readonly nodeKey: string }[]): number[] {
  const sizes = new Map<string, number>();
  for (const { nodeKey } of workers) sizes.set(nodeKey, (sizes.get(nodeKey) ?? 0) + 1);
  return [...sizes.values()];
}

/** How many workers a gang can have at most, in a pool whose nodes have this many each. */
export function largestGang(placement: Placement, nodeSizes: readonly number[]): number {
  if (placement === 'strict-pack') return Math.max(0, ...nodeSizes);
  if (placement === 'strict-spread') return nodeSizes.length;
  return nodeSizes.reduce((sum, size) => sum + size, 0);
}
