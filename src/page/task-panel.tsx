/** All that is known of one task. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { TaskView } from '../driver/task-history.js';
import { RankTable } from './collectives.js';
import { duration, marks } from '../view/format.js';
import { LastOperations } from './last-operations.js';
import { lastOf } from '../view/ranks.js';

interface Props {
  readonly task: TaskView;
  readonly nowMs: number;
  /** Why it waits. */
  readonly why: string | undefined;
  readonly hasLogs: boolean;
  readonly close: () => void;
}

/** A dialog; Escape closes it. */
export function TaskPanel({ task, nowMs, why, hasLogs, close }: Props): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    ref.current?.showModal();
  }, []);
  const { id, name, source, state, workers, priority, gang, attempts, worldRanks, collectives, error } = task;
  const { submitted, started, ended } = task;
  const last = lastOf(collectives);
  const facts: readonly (readonly [string, string])[] = [
    ['function', source],
    ['state', `${marks[state] ?? ''} ${state}${why === undefined ? '' : `: ${why}`}`],
    ['workers', `${workers}${worldRanks.length > 0 ? `: ${worldRanks.join(', ')}` : ''}`],
    ['waited', duration((started ?? ended ?? nowMs) - submitted)],
    ['ran', started === undefined ? 'not yet' : duration((ended ?? nowMs) - started)],
    ['attempts', String(attempts)],
    ['priority', String(priority)],
    ...(gang === undefined ? [] : ([['gang', gang]] as const)),
  ];
  return (
    <dialog ref={ref} aria-label={`Task ${id}`} onClose={close}>
      <header>
        <h2>{name === undefined ? id : `${id} ${name}`}</h2>
        <button autofocus onClick={() => ref.current?.close()}>
          Close
        </button>
      </header>
      <dl>
        {facts.map(([what, text]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {error && (
        <>
          <h3>{error.code}</h3>
          <pre>{error.text}</pre>
        </>
      )}
      {(state === 'running' || error) && <LastOperations taskId={id} isRunning={state === 'running'} />}
      {collectives.length > 0 && (
        <>
          <h3>Collectives</h3>
          <RankTable
            ranks={collectives}
            lastOf={(index) => (collectives[index]?.rank === last ? 'the others waited for it' : '')}
          />
        </>
      )}
      {hasLogs && worldRanks.length > 0 && <LogTails worldRanks={worldRanks} />}
    </dialog>
  );
}

function LogTails({ worldRanks }: { readonly worldRanks: readonly number[] }): JSX.Element {
  const [tails, setTails] = useState<readonly (readonly [number, string])[]>([]);
  const asked = worldRanks.slice(0, 8).join();
  useEffect(() => {
    const workers = asked.split(',').map(Number);
    const tailOf = async (worker: number): Promise<readonly [number, string]> => {
      return [worker, await (await fetch(`/log?worker=${worker}`)).text()];
    };
    Promise.all(workers.map(tailOf)).then(setTails, () => undefined);
  }, [asked]);
  return (
    <>
      <h3>Last lines of output</h3>
      {tails
        .filter(([, text]) => text !== '')
        .map(([worker, text]) => (
          <div key={worker}>
            <p class="note">worker {worker}</p>
            <pre>{text}</pre>
          </div>
        ))}
      {tails.every(([, text]) => text === '') && <p class="empty">These workers have printed nothing.</p>}
    </>
  );
}
