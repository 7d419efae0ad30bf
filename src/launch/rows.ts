/** The rows that have come over MPI: whether they are one whole world, and of which host each is. Pure. */
import { LaunchError } from '../errors.js';
import type { RankRow } from '../protocol/control-messages.js';

/** Rows of one host: those whose processes see each other. */
export interface HostRows {
  readonly bootId: string;
  readonly pidNamespace: string;
  readonly rows: readonly RankRow[];
}

/**
 * Check that the rows are those of one world.
 *
 * @param first - MPI rank of the first row: 1 where rank 0 is the agent.
 * @throws {@link LaunchError} which says what is wrong with whose row.
 */
export function checkRows(rows: readonly RankRow[], first: number, workers: number): void {
  if (rows.length !== workers) throw wrong(`expected the rows of ${workers} workers, received ${rows.length}`, {});
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

/** Group rows by host: equal host names alone may be two hosts, or two containers. */
export function groupByHost(rows: readonly RankRow[]): HostRows[] {
  const hosts = new Map<string, { bootId: string; pidNamespace: string; rows: RankRow[] }>();
  for (const row of rows) {
    const { bootId, pidNamespace } = row;
    const key = `${bootId} ${pidNamespace}`;
    const host = hosts.get(key) ?? { bootId, pidNamespace, rows: [] };
    hosts.set(key, host);
    host.rows.push(row);
  }
  return [...hosts.values()];
}

function wrong(what: string, fields: Readonly<Record<string, unknown>>): LaunchError {
  return new LaunchError(`the rows that came over MPI are not one world of workers: ${what}`, fields);
}
