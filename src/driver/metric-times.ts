/** Histograms of Prometheus over times that are counted elsewhere: the registry asks a metric for its values alone. */
import type { Metric, Registry } from 'prom-client';
import type { Distribution } from '../head/distribution.js';

const msPerSecond = 1_000;

interface Value {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName: string;
}

function valuesOf(name: string, { buckets, count, sumMs }: Distribution): readonly Value[] {
  let below = 0;
  const counts = buckets.map(({ upToMs, count: inBucket }) => {
    const le = upToMs === Infinity ? '+Inf' : upToMs / msPerSecond;
    return { value: (below += inBucket), labels: { le }, metricName: `${name}_bucket` };
  });
  return [
    ...counts,
    { value: sumMs / msPerSecond, labels: {}, metricName: `${name}_sum` },
    { value: count, labels: {}, metricName: `${name}_count` },
  ];
}

/** Add a histogram whose figures are read when somebody asks. */
export function addTimes(registry: Registry, name: string, help: string, read: () => Distribution): void {
  const get = (): Promise<object> => {
    return Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: valuesOf(name, read()) });
  };
  registry.registerMetric({ name, get } as unknown as Metric);
}
