/** Collectives of each gang and function: calls, bytes, rate, time of each rank, and for whom the others waited. */
import type { JSX } from 'preact';
import type { RankUse } from '../driver/task-history.js';
import { bytes, duration, whole } from '../view/format.js';
import type { CollectiveSum } from '../view/ranks.js';

/** Ranks in a table; of more, those that waited least and most. */
const mostRanks = 16;
const msPerSecond = 1_000;

/** One folded table for each. */
export function Collectives({ sums }: { readonly sums: readonly CollectiveSum[] }): JSX.Element {
  if (sums.length === 0) return <p class="empty">No task of several ranks has ended yet.</p>;
  return (
    <>
      {sums.slice(0, 20).map(({ key, tasks, ranks }) => {
        const last = ranks.reduce((most, each) => (each.last > most.last ? each : most));
        return (
          <details key={key}>
            <summary>
              <strong>{key}</strong> {whole(ranks.reduce((sum, { calls }) => sum + calls, 0))} calls,{' '}
              {bytes(ranks.reduce((sum, each) => sum + each.bytes, 0))}, in {whole(tasks)} tasks
              <span class="note">
                {' '}
                last most often: rank {last.rank}, in {last.last} of {tasks}
              </span>
            </summary>
            <RankTable ranks={ranks} lastOf={(rank) => `${ranks[rank]?.last ?? 0} of ${tasks}`} />
          </details>
        );
      })}
    </>
  );
}

interface TableProps {
  readonly ranks: readonly RankUse[];
  /** What is said of a rank in the last column. */
  readonly lastOf: (index: number) => string;
}

/** One line for each rank. */
export function RankTable({ ranks, lastOf }: TableProps): JSX.Element {
  const most = Math.max(...ranks.map(({ elapsedMs }) => elapsedMs), 1e-9);
  return (
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>rank</th>
            <th>calls</th>
            <th>bytes</th>
            <th>rate</th>
            <th>in collectives</th>
            <th>waited</th>
            <th>moved</th>
            <th>reduced</th>
            <th>was last</th>
          </tr>
        </thead>
        <tbody>
          {ranks.slice(0, mostRanks).map(({ rank, calls, bytes: moved, elapsedMs, movedMs, reducedMs }, index) => (
            <tr key={rank}>
              <td>{rank}</td>
              <td>{whole(calls)}</td>
              <td>{bytes(moved)}</td>
              <td>{elapsedMs > 0 ? `${bytes((moved / elapsedMs) * msPerSecond)}/s` : ''}</td>
              <td>
                <meter min={0} max={most} value={elapsedMs} aria-label={`rank ${rank}`} /> {duration(elapsedMs)}
              </td>
              <td>{duration(Math.max(0, elapsedMs - movedMs - reducedMs))}</td>
              <td>{duration(movedMs)}</td>
              <td>{duration(reducedMs)}</td>
              <td>{lastOf(index)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {ranks.length > mostRanks && <p class="note">and {ranks.length - mostRanks} more ranks</p>}
    </div>
  );
}
