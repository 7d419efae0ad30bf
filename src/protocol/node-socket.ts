/** Where the workers of a node that is not the head's find their node manager, which may come before them or after. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { NodeIdentity } from '../native/proc.js';
import { nodeKey } from '../native/proc.js';

/** Not TMPDIR, which a node manager that was started by hand may have set otherwise; and short. */
const root = '/tmp';
const nameLength = 32;

/** A folder that nobody can guess who does not have the job's token. */
export function nodeFolder(token: string, identity: NodeIdentity): string {
  const name = createHash('sha256')
    .update(`${token} ${nodeKey(identity)}`)
    .digest('hex')
    .slice(0, nameLength);
  return join(root, `shoal-${name}`);
}

/** The node manager's Unix socket in its folder. */
export function nodeSocket(folder: string): string {
  return join(folder, 'node');
}
