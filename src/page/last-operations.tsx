/** What the ranks of a task are at: who waits for whom, and what each did last. Asked anew while the task runs. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { TaskExplanation } from '../head/explanations.js';
import { bytes, duration } from '../view/format.js';

const intervalMs = 1_000;
/** Ranks in the table. */
const mostRanks = 32;

interface Props {
  readonly taskId: string;
  readonly isRunning: boolean;
}

/** Empty where nothing is known. */
export function LastOperations({ taskId, isRunning }: Props): JSX.Element | null {
  const [known, setKnown] = useState<TaskExplanation | undefined>(undefined);
  useEffect(() => {
    let timer = 0;
    let isOpen = true;
    const ask = async (): Promise<void> => {
      const response = await fetch(`/explain?task=${encodeURIComponent(taskId)}`);
      const explanation = response.status === 200 ? ((await response.json()) as TaskExplanation) : undefined;
      if (!isOpen) return;
      setKnown(explanation);
      if (isRunning) timer = window.setTimeout(again, intervalMs);
    };
    // Without an answer what is known stays; the page itself says that the pool is gone.
    const again = (): void => void ask().catch(() => undefined);
    again();
    return () => {
      isOpen = false;
      clearTimeout(timer);
    };
  }, [taskId, isRunning]);
  if (!known || known.ranks.length === 0) return null;
  return (
    <>
      <h3>What each rank did last</h3>
      <ul>
        {known.waits.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>rank</th>
              <th>worker</th>
              <th>is</th>
              <th>last call</th>
              <th>call</th>
              <th>bytes</th>
              <th>waited</th>
            </tr>
          </thead>
          <tbody>
            {known.ranks.slice(0, mostRanks).map(({ rank, worldRank, phase, operations: [last] }) => (
              <tr key={rank}>
                <td>{rank}</td>
                <td>{worldRank}</td>
                <td>{last?.state === 'waiting' && phase === 'running' ? 'waiting' : phase}</td>
                <td>{last?.call}</td>
                <td>{last && `${last.times ?? last.sequence}, ${last.state}`}</td>
                <td>{last && bytes(last.sizeBytes)}</td>
                <td>{last && duration(last.waitedMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
