/** The option `dashboard` of `launch`. */
import { InvalidArgumentError } from '../errors.js';
import { show } from '../show.js';
import { integer, ownOptions } from './check-options.js';

/** Where a dashboard listens. */
export interface DashboardOptions {
  readonly host: string;
  readonly port: number;
}

/** Those of this host's own interface: what a dashboard shows crosses no network. */
const loopback: readonly unknown[] = ['127.0.0.1', '::1', 'localhost'];
const mostPort = 65_535;

/** @throws {@link InvalidArgumentError} */
export function fillDashboard(given: unknown): DashboardOptions | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  if (typeof options !== 'object') {
    throw new InvalidArgumentError(
      `launch: expected dashboard to be true, false or { port, host }, received ${show(given)}`,
      { option: 'dashboard' },
    );
  }
  const { host = '127.0.0.1', port = 0 } = ownOptions<Partial<DashboardOptions>>('dashboard', options, [
    'host',
    'port',
  ]);
  if (!loopback.includes(host)) {
    const text = `dashboard: expected host to be 127.0.0.1, ::1 or localhost, received ${show(host)}`;
    throw new InvalidArgumentError(`${text}; from another machine use a tunnel, such as ssh -L`, { option: 'host' });
  }
  return { host, port: integer('dashboard', 'port', port, 0, mostPort) };
}
