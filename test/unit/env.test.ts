import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { environment, variableNames } from '../../src/env.js';
import { ShoalError } from '../../src/errors.js';

const test = suite('env');

/** What is read with these variables and no others of the package. */
function readWith(given: Readonly<Record<string, string>>): ReturnType<typeof environment> {
  const before = { ...process.env };
  for (const name of variableNames) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, given);
  try {
    return environment();
  } finally {
    for (const name of variableNames) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  }
}

test('a variable that is set to nothing is not set', () => {
  assert.equal(readWith(Object.fromEntries(variableNames.map((name) => [name, '']))), readWith({}));
});

test('what is set is read', () => {
  const { window, workers, home, logLevel, debug } = readWith({
    SHOAL_WINDOW: 'false',
    SHOAL_WORKERS: '3',
    SHOAL_HOME: '/pools',
    SHOAL_LOG: 'warn',
    SHOAL_DEBUG: '1',
  });
  assert.equal(
    { window, workers, home, logLevel, debug },
    {
      window: false,
      workers: 3,
      home: '/pools',
      logLevel: 'warn',
      debug: true,
    },
  );
});

for (const [name, value] of [
  ['SHOAL_WORKERS', 'many'],
  ['SHOAL_WINDOW', 'no'],
  ['SHOAL_LOG', 'loud'],
] as const) {
  test(`${name}=${value} is refused`, () => {
    assert.throws(
      () => readWith({ [name]: value }),
      (error: unknown) => error instanceof ShoalError && error.message.startsWith(`${name}: expected`),
    );
  });
}

test.run();
