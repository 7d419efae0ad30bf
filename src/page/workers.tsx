/** Workers by node: state, task, processor and memory. */
import type { JSX } from 'preact';
import type { PoolStatus } from '../driver/pool-status.js';
import { bytes, marks, percent } from '../view/format.js';

interface Props {
  readonly workers: PoolStatus['workers'];
  readonly cores: ReadonlyMap<number, number>;
  readonly open: (taskId: string) => void;
}

/** See above. */
export function Workers({ workers, cores, open }: Props): JSX.Element {
  const nodes = new Map<string, PoolStatus['workers'][number][]>();
  for (const worker of workers) {
    const list = nodes.get(worker.node) ?? [];
    list.push(worker);
    nodes.set(worker.node, list);
  }
  return (
    <>
      {[...nodes].map(([node, list]) => (
        <div key={node}>
          <h3>
            {node} <span class="note">{sumUp(list)}</span>
          </h3>
          <ul class="workers">
            {list.map(({ worldRank, state, taskId, gangId, rssBytes, heapBytes }) => (
              <li key={worldRank}>
                <button
                  class={`worker ${state}`}
                  disabled={taskId === undefined}
                  onClick={() => {
                    if (taskId !== undefined) open(taskId);
                  }}
                  title={`worker ${worldRank}: ${state}${taskId === undefined ? '' : `, ${taskId}`}${gangId === undefined ? '' : `, in ${gangId}`}`}
                >
                  <b>
                    {marks[state]} {worldRank}
                  </b>
                  <span>{taskId ?? state}</span>
                  <small>
                    {percent(cores.get(worldRank) ?? 0)} · {bytes(rssBytes ?? heapBytes ?? 0)}
                  </small>
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}

function sumUp(workers: PoolStatus['workers']): string {
  return (['busy', 'idle', 'lost'] as const)
    .map((state) => [state, workers.filter((worker) => worker.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
}
