/** Task functions whose results and errors are hard to copy. */
import vm from 'node:vm';

export function deep(depth: number): unknown {
  let list = null;
  for (let i = 0; i < depth; i++) list = { next: list } as never;
  return list;
}
export function wrapped(depth: number): never {
  let error = new Error('0');
  for (let i = 1; i < depth; i++) error = new Error(String(i), { cause: error });
  throw error;
}
export function sharedErrors(depth: number): never {
  let error: Error = new Error('refused');
  for (let i = 0; i < depth; i++)
    error = Object.assign(new Error(`retry ${i}`, { cause: error }), { lastError: error });
  throw error;
}
export const echo = (value: unknown): unknown => value;
export const foreign = (): unknown => vm.runInNewContext('[new Date(5), /a/g, new Map([[1, new Set([2])]])]');
export function throwObject(): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- as tasks do
  throw { status: 500, list: [1, 2] };
}
export function throwRequest(): never {
  const config = { url: '/x', transformRequest: [() => 1] };
  throw Object.assign(new Error('status 500'), { code: 'ERR_BAD', config, isAxiosError: true });
}
export function throwHostile(): never {
  throw Object.defineProperty(new Error('x'), 'message', {
    get: () => {
      throw new Error('no');
    },
  });
}
