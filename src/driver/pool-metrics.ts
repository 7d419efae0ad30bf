/** A pool in figures, for a Prometheus server: read from its status when they are asked for. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { StartPhases } from '../head/worker-side.js';
import type { PoolStatus } from './pool.js';

/** Upper ends of the histogram's buckets, in seconds. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const phaseNames: Readonly<Record<keyof StartPhases, string>> = {
  connected: 'connected',
  mpiReady: 'mpi_ready',
  gathered: 'gathered',
  registered: 'registered',
};
const msPerSecond = 1_000;

/** Made when somebody asks for the first time. */
export class PoolMetrics {
  readonly #registry = new Registry();
  readonly #status: () => PoolStatus;
  readonly #starts: () => readonly StartPhases[];
  readonly #startTimes: Histogram<'phase'>;
  #observed = 0;

  /** @param starts - Of every process so far, in order. */
  constructor(status: () => PoolStatus, starts: () => readonly StartPhases[]) {
    this.#status = status;
    this.#starts = starts;
    this.#startTimes = new Histogram({
      name: 'shoal_worker_start_seconds',
      help: 'From the launch of a process until it came to this phase of its start',
      labelNames: ['phase'],
      buckets,
      registers: [this.#registry],
    });
    this.#addCounters();
    this.#addGauges();
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
