/** Where this very package can be installed from once more. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { assetPath } from '../asset.js';
import { packageVersion } from '../version.js';

/** What npm has noted of the packages in a `node_modules`, in that folder. */
const notes = '.package-lock.json';
const fileProtocol = 'file:';

/** A dependency of package.json. */
export interface OwnPackage {
  /** The tarball that it was installed from, else its version. */
  readonly dependency: string;
  /** Whether npm finds that, as far as can be told. */
  readonly isFound: boolean;
}

/** This package as npm has installed it; of another package manager, and of a clone, nothing is known. */
export function ownPackage(): OwnPackage {
  const folder = dirname(assetPath('#package'));
  const byVersion = `^${packageVersion()}`;
  const from = installedFrom(dirname(folder));
  if (!from?.startsWith(fileProtocol)) return { dependency: byVersion, isFound: from !== undefined };
  const tarball = resolve(folder, '../..', from.slice(fileProtocol.length));
  const isThere = existsSync(tarball);
  return { dependency: isThere ? `${fileProtocol}${tarball}` : byVersion, isFound: isThere };
}

/** Such as `https://…/shoal-1.0.0.tgz` or `file:shoal-1.0.0.tgz`, from the folder that holds `node_modules`. */
function installedFrom(modules: string): string | undefined {
  try {
    const { packages } = JSON.parse(readFileSync(join(modules, notes), 'utf8')) as {
      packages: Readonly<Record<string, { readonly resolved?: unknown }>>;
    };
    const from = packages['node_modules/shoal']?.resolved;
    return typeof from === 'string' ? from : undefined;
  } catch {
    return undefined; // not written by npm
  }
}
