/** Imports go down the layers of docs/architecture.md, never up. */
const layers = [
  ['entries', '^src/(index|worker|ray|testing|cli)\\.ts$'],
  ['page', '^src/page/'],
  ['ray', '^src/ray/'],
  ['cli', '^src/cli/'],
  ['view', '^src/view/'],
  ['driver', '^src/driver/'],
  ['launch', '^src/launch/'],
  ['node-manager', '^src/node-manager/'],
  ['worker', '^src/worker/'],
  ['head', '^src/head/'],
  ['collective', '^src/collective/'],
  ['calls', '^src/calls/'],
  ['modules', '^src/modules/'],
  ['telemetry', '^src/telemetry/'],
  ['protocol', '^src/protocol/'],
  ['wire', '^src/backend/wire/'],
  ['window', '^src/backend/window/'],
  ['backend', '^src/backend/[^/]+$'],
  ['operands', '^src/operands/'],
  ['records', '^src/records/'],
  ['operations', '^src/operations/'],
  ['kernels', '^src/kernels/'],
  ['native', '^src/native/'],
  [
    'base',
    '^src/(types/|asset\\.ts$|assert\\.ts$|clock\\.ts$|abort-listeners\\.ts$|errors\\.ts$|grammar\\.ts$|ends-within\\.ts$|env\\.ts$|caller-lines\\.ts$|log\\.ts$|own-frames\\.ts$|show\\.ts$|version\\.ts$)',
  ],
];

/** The head runs with no window and no wasm: it may name their types, and the pure encoding of abort reasons. */
const headMayNot = {
  from: { path: '^src/head/' },
  to: { path: '^src/(collective|calls|operands|operations|backend/wire|kernels)/' },
};

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/required\\.cts$' },
      to: {},
    },
    { name: 'head-without-wasm', severity: 'error', ...headMayNot },
    ...layers
      .map(([name, path], index) => ({
        name: `${name}-imports-downwards`,
        severity: 'error',
        from: { path },
        to: { path: layers.slice(0, index).map(([, upper]) => upper) },
      }))
      .filter(({ to }) => to.path.length > 0),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
    doNotFollow: { path: 'node_modules' },
  },
};
