/** Several nodes on one host, told apart by SHOAL_NODE. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A module that puts ranks of MPI's world on nodes, for NODE_OPTIONS: of every process, this one and node managers too.
 *
 * @param folder - Of the test's own.
 * @param more - What else each process runs first.
 */
export function onNodes(folder: string, nodes: Readonly<Record<number, string>>, more = ''): string {
  const file = join(folder, `${readdirSync(folder).length}.mjs`);
  writeFileSync(
    file,
    `const node = (${JSON.stringify(nodes)})[process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK];
     if (node) process.env.SHOAL_NODE ??= node;
     ${more}`,
  );
  return `--import ${file}`;
}
