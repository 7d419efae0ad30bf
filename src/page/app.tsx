/** The page: how the pool is, its workers, tasks over time, the queue, collectives and failures. */
import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { TaskView } from '../driver/task-history.js';
import { Chart } from './charts.js';
import { Collectives } from './collectives.js';
import { bytes, duration, marks, whole } from '../view/format.js';
import { collectivesOf } from '../view/ranks.js';
import type { Shown } from '../view/followed-pool.js';
import { TaskPanel } from './task-panel.js';
import { Timeline } from './timeline.js';
import { VirtualList } from './virtual-list.js';
import { Workers } from './workers.js';

interface Props {
  readonly shown: Shown | undefined;
  /** Why nothing new comes. */
  readonly problem: string | undefined;
}

const parts = ['Workers', 'Timeline', 'Queue', 'Gangs', 'Collectives', 'Failures', 'Tasks'] as const;

/** See above. */
export function App({ shown, problem }: Props): JSX.Element {
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const tasks = shown?.tasks ?? [];
  const sums = useMemo(() => collectivesOf(tasks), [tasks]);
  const failed = useMemo(() => tasks.filter(({ state }) => state === 'failed').reverse(), [tasks]);
  const newest = useMemo(() => [...tasks].reverse(), [tasks]);
  const byId = useMemo(() => new Map(tasks.map((task) => [task.id, task])), [tasks]);
  if (!shown) return <p class="empty">{problem ?? 'The page asks the pool …'}</p>;
  const { news, samples, cores } = shown;
  const { status, stats, waiting } = news;
  const open = ({ id }: TaskView): void => setOpened(id);
  const task = opened === undefined ? undefined : byId.get(opened);
  return (
    <>
      <header class="top">
        <h1>Shoal</h1>
        <p class="note">
          {status.workers.length} workers,{' '}
          {status.mpi ? `${status.mpi.family} ${status.mpi.version}` : status.transport}, process {status.head.pid}, up{' '}
          {duration(status.head.uptimeMs)}
          {status.epoch > 1 && `, job ${status.epoch}`}
        </p>
        <nav aria-label="Parts of the page">
          {parts.map((part) => (
            <a key={part} href={`#${part}`}>
              {part}
            </a>
          ))}
        </nav>
      </header>
      <p role="status" class={problem === undefined ? 'hidden' : 'problem'}>
        {problem}
      </p>
      <main>
        <Tiles shown={shown} />
        <Part title="Workers">
          <div class="charts">
            <Chart
              label="Cores in use"
              samples={samples}
              value={(sample) => sample.cores}
              text={(value) => value.toFixed(1)}
              least={1}
            />
            <Chart label="Memory" samples={samples} value={(sample) => sample.bytes} text={bytes} least={1} />
          </div>
          <Workers workers={status.workers} cores={cores} open={setOpened} />
        </Part>
        <Part title="Timeline">
          <Timeline tasks={tasks} workers={status.workers.length} nowMs={news.nowMs} open={open} />
        </Part>
        <Part title="Queue" count={stats.queued}>
          <VirtualList
            label="Queue"
            items={waiting}
            keyOf={({ id }) => id}
            open={({ id }) => setOpened(id)}
            empty="No task waits."
            row={({ id, why }) => (
              <>
                <b>{id}</b>
                <span>{byId.get(id)?.name ?? byId.get(id)?.source}</span>
                <span>{why}</span>
              </>
            )}
          />
          {stats.queued > waiting.length && <p class="note">and {whole(stats.queued - waiting.length)} behind these</p>}
        </Part>
        <Part title="Gangs" count={status.gangs.length}>
          <VirtualList
            label="Gangs"
            items={status.gangs}
            keyOf={({ id }) => id}
            open={({ taskId }) => setOpened(taskId)}
            empty="No gang is open."
            row={({ id, name, state, workers, worldRanks, taskId, queued, actors }) => (
              <>
                <b>
                  {marks[state]} {id} {name}
                </b>
                <span>
                  {state}, {workers} workers{worldRanks.length > 0 && `: ${worldRanks.join(', ')}`}
                </span>
                <span>
                  {taskId === undefined ? 'no task' : `runs ${taskId}`}, {queued} wait
                  {actors.length > 0 && `; actors ${actors.join(', ')}`}
                </span>
              </>
            )}
          />
        </Part>
        <Part title="Collectives">
          <Collectives sums={sums} />
        </Part>
        <Part title="Failures" count={failed.length}>
          <VirtualList
            label="Failures"
            items={failed}
            keyOf={({ id }) => id}
            open={open}
            empty="No task has failed."
            row={(each) => (
              <>
                <b>
                  {marks.failed} {each.id}
                </b>
                <span>{each.name ?? each.source}</span>
                <span>
                  {each.error?.code}: {each.error?.text.split('\n')[0]}
                </span>
              </>
            )}
          />
        </Part>
        <Part title="Tasks" count={tasks.length}>
          <VirtualList
            label="Tasks"
            items={newest}
            keyOf={({ id }) => id}
            open={open}
            empty="No task was submitted yet."
            rows={14}
            row={(each) => (
              <>
                <b>
                  {marks[each.state]} {each.id}
                </b>
                <span>{each.name ?? each.source}</span>
                <span>
                  {each.state}, {each.workers} {each.workers === 1 ? 'worker' : 'workers'}
                  {each.started !== undefined && `, ${duration((each.ended ?? news.nowMs) - each.started)}`}
                </span>
              </>
            )}
          />
          {news.unknown > 0 && <p class="note">{whole(news.unknown)} more could not be kept</p>}
        </Part>
      </main>
      {task && (
        <TaskPanel
          key={task.id}
          task={task}
          nowMs={news.nowMs}
          why={waiting.find(({ id }) => id === task.id)?.why}
          hasLogs={news.hasLogs}
          close={() => setOpened(undefined)}
        />
      )}
    </>
  );
}

function Tiles({ shown }: { readonly shown: Shown }): JSX.Element {
  const { stats } = shown.news;
  const { tasks, waitMs, runMs, collectives, workers } = stats;
  const mean = ({ sumMs, count }: typeof waitMs): string => (count === 0 ? '–' : duration(sumMs / count));
  const tiles: readonly (readonly [string, string, string])[] = [
    ['running', whole(stats.running), `${workers.busy} of ${shown.news.status.workers.length} workers busy`],
    ['queued', whole(stats.queued), `${whole(tasks.rejected)} rejected`],
    ['succeeded', whole(tasks.succeeded), `${whole(tasks.retried)} retried`],
    [
      'failed',
      whole(tasks.failed + tasks.lost + tasks.timedOut),
      `${tasks.timedOut} timed out, ${tasks.lost} lost, ${tasks.cancelled} cancelled`,
    ],
    ['mean wait', mean(waitMs), `longest ${duration(waitMs.maxMs)}`],
    ['mean run', mean(runMs), `longest ${duration(runMs.maxMs)}`],
    ['collectives', bytes(collectives.bytes), `${whole(collectives.calls)} calls`],
  ];
  return (
    <ul class="tiles" aria-label="Figures">
      {tiles.map(([what, value, more]) => (
        <li key={what}>
          <span>{what}</span>
          <strong>{value}</strong>
          <small>{more}</small>
        </li>
      ))}
    </ul>
  );
}

interface PartProps {
  readonly title: (typeof parts)[number];
  readonly count?: number;
  readonly children: ComponentChildren;
}

function Part({ title, count, children }: PartProps): JSX.Element {
  return (
    <section id={title} aria-labelledby={`${title}-title`}>
      <h2 id={`${title}-title`}>
        {title} {count !== undefined && <span class="note">{whole(count)}</span>}
      </h2>
      {children}
    </section>
  );
}
