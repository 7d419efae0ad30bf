/** Numbers as people read them. */

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes with a binary unit. */
export function bytes(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** A time with a unit that suits it. */
export function duration(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1_000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A whole number, in groups of three digits. */
export function whole(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** A share of one. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A mark and a word for each state: nothing is told by colour alone. */
export const marks: Readonly<Record<string, string>> = {
  idle: '○',
  busy: '●',
  lost: '✕',
  queued: '◌',
  running: '▶',
  succeeded: '✓',
  failed: '✕',
  cancelled: '⊘',
  waiting: '◌',
  open: '●',
  closing: '◐',
};
