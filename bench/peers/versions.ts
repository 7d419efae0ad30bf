/** Which peers are installed, and their versions. */
import { spawnSync } from 'node:child_process';
import type { MpiFamily } from '../../src/types/mpi-family.js';

/** Debian's interpreter, which has the packages of `--install-peers`; another may come first on the path. */
export const python = '/usr/bin/python3';

/** What an expression over an imported module prints; undefined where the module is not installed. */
function ask(code: string): string | undefined {
  const { status, stdout } = spawnSync(python, ['-c', code], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Version of mpi4py, and the family that it was built for. */
export function findMpi4py(): { version: string; family: MpiFamily } | undefined {
  const code = 'import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI';
  const text = ask(`${code}; print(mpi4py.__version__, MPI.Get_library_version())`);
  if (text === undefined) return undefined;
  return { version: text.split(' ')[0]!, family: text.includes('Open MPI') ? 'openmpi' : 'mpich' };
}

/** Version of torch where its gloo backend is there. */
export function findGloo(): string | undefined {
  return ask("import torch; assert hasattr(torch.distributed, 'ProcessGroupGloo'); print(torch.__version__)");
}
