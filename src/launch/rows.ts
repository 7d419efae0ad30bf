/** The rows that have come over MPI: whether they are one whole world, and of which node each is. Pure. */
import { counted } from '../grammar.js';
import { LaunchError } from '../errors.js';
import type { NodeIdentity } from '../native/proc.js';
import { nodeKey } from '../native/proc.js';
import type { RankRow } from '../protocol/control-messages.js';

/** Rows of one node: those whose processes see each other. */
export interface NodeRows {
  /** Of the first of them. */
  readonly identity: NodeIdentity;
  readonly rows: readonly RankRow[];
}

/**
 * Check that the rows are those of one world.
 *
 * @param first - MPI rank of the first row: 1 where rank 0 is the agent.
 * @throws {@link LaunchError} which says what is wrong with whose row.
 */
export function checkRows(rows: readonly RankRow[], first: number, workers: number): void {
  if (rows.length !== workers)
    throw wrong(`expected the rows of ${counted(workers, 'worker')}, received ${rows.length}`, {});
  const tokens = new Map<string, number>();
  const [{ versions } = { versions: undefined }] = rows;
  rows.forEach((row, index) => {
    const { rank, startupToken } = row;
    const who = `rank ${rank} (process ${row.pid} on ${row.hostname})`;
    if (rank !== first + index)
      throw wrong(`expected the row of rank ${first + index}, received that of ${who}`, { rank });
    const other = tokens.get(startupToken);
    if (other !== undefined) throw wrong(`${who} has the start-up token of rank ${other}`, { rank });
    tokens.set(startupToken, rank);
    if (row.versions.shoal !== versions?.shoal || row.versions.node !== versions.node) {
      const [its, own] = [row.versions, versions].map((each) => `shoal ${each?.shoal} on Node ${each?.node}`);
      throw wrong(`${who} runs ${its}, rank ${first} runs ${own}; install one version of each on all hosts`, { rank });
    }
  });
}

/** Group rows by node: equal host names alone may be two hosts, or two containers. */
export function groupByNode(rows: readonly RankRow[]): NodeRows[] {
  const nodes = new Map<string, { identity: NodeIdentity; rows: RankRow[] }>();
  for (const row of rows) {
    const key = nodeKey(row);
    const { hostname, bootId, pidNamespace, node } = row;
    const known = nodes.get(key) ?? { identity: { hostname, bootId, pidNamespace, node }, rows: [] };
    nodes.set(key, known);
    known.rows.push(row);
  }
  return [...nodes.values()];
}

function wrong(what: string, fields: Readonly<Record<string, unknown>>): LaunchError {
  return new LaunchError(`the rows that came over MPI are not one world of workers: ${what}`, fields);
}
