/** Uses a second copy of the package next to the first. */
import { InvalidArgumentError, ShoalError, TaskFailedError } from 'shoal';
import { collective } from 'shoal/worker';

export default async function copies(url: string): Promise<Record<string, unknown>> {
  const other = (await import(`${url}/worker.js`)) as typeof import('shoal/worker');
  const driver = (await import(`${url}/index.js`)) as typeof import('shoal');
  const [sum] = await other.collective.allreduce(Int32Array.of(1));
  const error: unknown = await other.collective.allreduce('5' as never).catch((caught: unknown) => caught);
  const kinds = [InvalidArgumentError, ShoalError, TaskFailedError].map((errorClass) => error instanceof errorClass);
  const launched = await driver.launch({ workers: 1 }).then(
    () => 'launched',
    (caught: { code: string }) => caught.code,
  );
  return {
    same: other.collective === collective,
    sum,
    rank: other.context.rank >= 0,
    invalid: [(error as { code: string }).code, ...kinds].join(' '),
    launch: launched,
  };
}
