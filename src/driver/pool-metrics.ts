/** A pool in figures, for a Prometheus server: read from its status when they are asked for. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GangState } from '../head/gang.js';
import type { TaskOutcome } from '../head/statistics.js';
import { taskOutcomes } from '../head/statistics.js';
import type { StartPhases } from '../head/worker-side.js';
import { addTimes } from './metric-times.js';
import type { PoolStatus } from './pool-status.js';
import type { PoolStats } from './pool-stats.js';

/** Upper ends of the histogram's buckets, in seconds. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const phaseNames: Readonly<Record<keyof StartPhases, string>> = {
  connected: 'connected',
  mpiReady: 'mpi_ready',
  gathered: 'gathered',
  registered: 'registered',
};
const outcomeLabels: Readonly<Record<TaskOutcome, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  timedOut: 'timed_out',
  lost: 'lost',
};
/** Of gangs that are listed. */
const gangStates: readonly GangState[] = ['waiting', 'open', 'closing'];
const msPerSecond = 1_000;

/** Made when somebody asks for the first time. */
export class PoolMetrics {
  readonly #registry = new Registry();
  readonly #status: () => PoolStatus;
  readonly #stats: () => PoolStats;
  readonly #starts: () => readonly StartPhases[];
  readonly #startTimes: Histogram<'phase'>;
  #observed = 0;

  /** @param starts - Of every process so far, in order. */
  constructor(status: () => PoolStatus, stats: () => PoolStats, starts: () => readonly StartPhases[]) {
    this.#status = status;
    this.#stats = stats;
    this.#starts = starts;
    this.#startTimes = new Histogram({
      name: 'shoal_worker_start_seconds',
      help: 'From the launch of a process until it came to this phase of its start',
      labelNames: ['phase'],
      buckets,
      registers: [this.#registry],
    });
    this.#addCounters();
    this.#addTasks();
    const waits = 'From when a task could begin until its workers did';
    const runs = 'From there until the last of its workers had ended';
    addTimes(this.#registry, 'shoal_task_wait_seconds', waits, () => stats().waitMs);
    addTimes(this.#registry, 'shoal_task_run_seconds', runs, () => stats().runMs);
    this.#addGauges();
    this.#addGangs();
    this.#addValues();
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    const starts = this.#starts();
    for (const phases of starts.slice(this.#observed)) {
      for (const [phase, name] of Object.entries(phaseNames)) {
        this.#startTimes.observe({ phase: name }, phases[phase as keyof StartPhases] / msPerSecond);
      }
    }
    this.#observed = starts.length;
    return this.#registry.metrics();
  }

  #addCounters(): void {
    const counters: readonly [name: string, help: string, value: (status: PoolStatus) => number][] = [
      ['shoal_epochs_total', 'Jobs of processes that the pool has had', ({ epoch }) => epoch],
      ['shoal_communicator_rounds_total', 'Communicator rounds', ({ rounds }) => rounds],
      ['shoal_communicators_made_total', 'Communicators made in rounds', ({ splits }) => splits],
      ['shoal_communicator_cache_hits_total', 'Tasks that got one that was kept', ({ cacheHits }) => cacheHits],
      ['shoal_gangs_opened_total', 'Gangs that have had their workers', ({ gangsOpened }) => gangsOpened],
      ['shoal_gangs_lost_total', 'Gangs that were closed by the loss of a member', ({ gangsLost }) => gangsLost],
    ];
    const status = this.#status;
    for (const [name, help, value] of counters) {
      const collect = function (this: Counter): void {
        this.reset();
        this.inc(value(status()));
      };
      new Counter({ name, help, registers: [this.#registry], collect });
    }
  }

  #addTasks(): void {
    const counters: readonly [name: string, help: string, value: (stats: PoolStats) => number][] = [
      ['shoal_tasks_submitted_total', 'Tasks that were accepted', ({ tasks }) => tasks.submitted],
      ['shoal_tasks_rejected_total', 'Tasks that were not, because the queue was full', ({ tasks }) => tasks.rejected],
      ['shoal_tasks_refused_total', 'Tasks that were not, for other reasons', ({ tasks }) => tasks.refused],
      ['shoal_task_attempts_total', 'Attempts that began', ({ tasks }) => tasks.started],
      ['shoal_task_retries_total', 'Attempts after the first', ({ tasks }) => tasks.retried],
      ['shoal_workers_died_total', 'Workers that ended by a crash', ({ workersDied }) => workersDied],
      ['shoal_workers_replaced_total', 'Workers that took the place of others', (stats) => stats.workersReplaced],
      ['shoal_collective_calls_total', 'Collective calls of ranks', ({ collectives }) => collectives.calls],
      ['shoal_collective_bytes_total', 'Bytes that these brought or got', ({ collectives }) => collectives.bytes],
      [
        'shoal_collective_seconds_total',
        'Time of ranks in collectives and messages',
        ({ collectives }) => collectives.elapsedMs / msPerSecond,
      ],
      [
        'shoal_collective_move_seconds_total',
        'Of that time: in which they copied, by samples',
        ({ collectives }) => collectives.movedMs / msPerSecond,
      ],
      [
        'shoal_collective_reduce_seconds_total',
        'Of that time: in which they reduced, by samples',
        ({ collectives }) => collectives.reducedMs / msPerSecond,
      ],
    ];
    const stats = this.#stats;
    const registers = [this.#registry];
    for (const [name, help, value] of counters) {
      const collect = function (this: Counter): void {
        this.reset();
        this.inc(value(stats()));
      };
      new Counter({ name, help, registers, collect });
    }
    new Counter({
      name: 'shoal_tasks_ended_total',
      help: 'Tasks that have ended, by how',
      labelNames: ['outcome'],
      registers,
      collect() {
        this.reset();
        const { tasks } = stats();
        for (const outcome of taskOutcomes) this.inc({ outcome: outcomeLabels[outcome] }, tasks[outcome]);
      },
    });
  }

  #addGangs(): void {
    const status = this.#status;
    const registers = [this.#registry];
    new Gauge({
      name: 'shoal_gangs',
      help: 'Gangs that wait for workers or have them',
      labelNames: ['state'],
      registers,
      collect() {
        this.reset();
        for (const state of gangStates) this.set({ state }, 0);
        for (const { state } of status().gangs) this.inc({ state });
      },
    });
    new Gauge({
      name: 'shoal_gang_workers',
      help: 'Workers that are reserved for gangs',
      registers,
      collect() {
        this.set(status().gangs.reduce((sum, { worldRanks }) => sum + worldRanks.length, 0));
      },
    });
    new Gauge({
      name: 'shoal_gang_tasks',
      help: 'Tasks of gangs that have not ended; they are among shoal_tasks',
      labelNames: ['state'],
      registers,
      collect() {
        const { gangs } = status();
        this.set(
          { state: 'queued' },
          gangs.reduce((sum, { queued }) => sum + queued, 0),
        );
        this.set({ state: 'running' }, gangs.filter(({ taskId }) => taskId !== undefined).length);
      },
    });
    new Gauge({
      name: 'shoal_actors',
      help: 'Actors, by the name of their class',
      labelNames: ['class'],
      registers,
      collect() {
        this.reset();
        for (const name of status().gangs.flatMap(({ actors }) => actors)) this.inc({ class: name });
      },
    });
  }

  #addValues(): void {
    const gauges: readonly [name: string, help: string, value: (values: PoolStatus['values']) => number][] = [
      ['shoal_shared_values', 'Values of pool.share that lie on the hosts', ({ shared }) => shared],
      ['shoal_shared_bytes', 'Memory of these on each host', ({ sharedBytes }) => sharedBytes],
      ['shoal_kept_values', 'Values that tasks have left in the workers', ({ kept }) => kept],
    ];
    const status = this.#status;
    for (const [name, help, value] of gauges) {
      const collect = function (this: Gauge): void {
        this.set(value(status().values));
      };
      new Gauge({ name, help, registers: [this.#registry], collect });
    }
  }

  #addGauges(): void {
    const status = this.#status;
    const registers = [this.#registry];
    new Gauge({
      name: 'shoal_workers',
      help: 'Workers',
      labelNames: ['node', 'state'],
      registers,
      collect() {
        this.reset();
        for (const { node, state } of status().workers) this.inc({ node, state });
      },
    });
    new Gauge({
      name: 'shoal_tasks',
      help: 'Tasks that have not ended',
      labelNames: ['state'],
      registers,
      collect() {
        this.set({ state: 'queued' }, status().queued);
        this.set({ state: 'running' }, status().running);
      },
    });
    new Gauge({
      name: 'shoal_worker_memory_bytes',
      help: 'Memory in use by the process of a worker, shared memory included',
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset();
        for (const { worldRank, rssBytes } of status().workers) if (rssBytes) this.set({ worker: worldRank }, rssBytes);
      },
    });
    new Gauge({
      name: 'shoal_worker_heap_bytes',
      help: 'Heap of a worker that is a thread, and what its arrays hold outside',
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset();
        for (const { worldRank, heapBytes } of status().workers) {
          if (heapBytes) this.set({ worker: worldRank }, heapBytes);
        }
      },
    });
    new Gauge({
      name: 'shoal_worker_cpu_seconds',
      help: 'Time that the process of a worker has run on a core',
      labelNames: ['worker'],
      registers,
      collect() {
        this.reset();
        for (const { worldRank, cpuMs } of status().workers) {
          if (cpuMs !== undefined) this.set({ worker: worldRank }, cpuMs / msPerSecond);
        }
      },
    });
  }
}
