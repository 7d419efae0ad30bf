/** Where this process runs, and what of this package works there: docs/reference/platforms.md. */

/** What decides it. */
export interface Platform {
  readonly runtime: 'Node' | 'Bun' | 'Deno';
  /** As `process.platform`. */
  readonly system: string;
  /** As `process.arch`. */
  readonly cpu: string;
  /** Linux with musl, such as Alpine. */
  readonly isMusl: boolean;
}

/** That of this process. */
export function thisPlatform(): Platform {
  const { versions, platform, arch } = process;
  const runtime = 'bun' in versions ? 'Bun' : 'deno' in versions ? 'Deno' : 'Node';
  return { runtime, system: platform, cpu: arch, isMusl: runtime === 'Node' && platform === 'linux' && !hasGlibc() };
}

/** Why no processes can be started under MPI, and what to do; undefined: they can, as far as the platform tells. */
export function whyNoProcesses({ runtime, system, cpu }: Platform): string | undefined {
  const threads = "transport: 'threads' runs there, which is tested on Linux";
  if (system !== 'linux') {
    return `processes under MPI need Linux, and this is ${system} on ${cpu}; ${threads}: use it, or a Linux container`;
  }
  if (runtime === 'Node') return undefined;
  return `processes under MPI need Node, and this is ${runtime}; start the driver with node, or use transport: 'threads'`;
}

/** What to do where an addon of the package does not load. */
export function addonAdvice({ runtime, system, cpu, isMusl }: Platform): string {
  if (system !== 'linux') return `it is for Linux, and this is ${system} on ${cpu}: use transport: 'threads'`;
  if (runtime !== 'Node') return `it is for Node, and this is ${runtime}: use node, or transport: 'threads'`;
  const build = '`npx shoal build-mpi` builds it with a C++ compiler and an MPI';
  if (isMusl) return `the one in the package is for glibc, and this is a system with musl, such as Alpine: ${build}`;
  if (cpu !== 'x64') return `the one in the package is for x64, and this is ${cpu}: ${build}`;
  return build;
}

/** Node's report names the C library that it runs on when that is glibc. */
function hasGlibc(): boolean {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime !== undefined;
}
