/** What one would write without kernels: a plain loop for each dtype and operation. */
import type { Dtype } from '../src/types/dtype.js';
import type { ReduceOp } from '../src/types/reduce-op.js';

type Numbers = Float64Array;
/** `z[i]` becomes the operation of `x[i]` and `y[i]`. */
type Loop = (x: Numbers, y: Numbers, z: Numbers) => void;

/** The source of an expression of two numbers, for plain operators. */
const expressions: Readonly<Record<ReduceOp, string>> = {
  sum: 'a + b',
  prod: 'a * b',
  min: 'a < b ? a : b',
  max: 'a > b ? a : b',
  avg: '(a + b) / 2',
  land: 'a && b ? one : zero',
  lor: 'a || b ? one : zero',
  lxor: '!a !== !b ? one : zero',
  band: 'a & b',
  bor: 'a | b',
  bxor: 'a ^ b',
};

const halfHelpers = `
  const f = new Float32Array(1), u = new Uint32Array(f.buffer);
  const scale = 2 ** 112;
  function decodeHalf(bits) {
    u[0] = (bits & 0x7fff) << 13;
    let value = f[0] * scale;
    return bits & 0x8000 ? -value : value;
  }
  function encodeHalf(value) {
    f[0] = value;
    const sign = (u[0] >>> 16) & 0x8000, size = u[0] & 0x7fffffff;
    if (size < 0x38800000) return sign | Math.round(Math.abs(value) * 16777216);
    return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  }
  function decodeBrain(bits) {
    u[0] = bits << 16;
    return f[0];
  }
  function encodeBrain(value) {
    f[0] = value;
    return (u[0] + 0x7fff + ((u[0] >>> 16) & 1)) >>> 16;
  }`;

/**
 * Each loop is a function of its own, as if it stood in the user's code: the engine optimises it for its arrays alone.
 */
function compile(body: string, before = ''): Loop {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- texts of ours
  return new Function(
    `${before}; return function (x, y, z) { for (let i = 0; i < z.length; i++) { ${body} } }`,
  )() as Loop;
}

/** The loop of a dtype and operation. */
export function loopOf(dtype: Dtype, op: ReduceOp): Loop {
  if (dtype.startsWith('complex')) return complexLoop(op);
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const name = dtype === 'float16' ? 'Half' : 'Brain';
    const body = `const a = decode${name}(x[i]), b = decode${name}(y[i]); z[i] = encode${name}(${expressions[op]});`;
    return compile(body, `const one = 1, zero = 0; ${halfHelpers}`);
  }
  if (dtype === 'bool') {
    const same: Partial<Record<ReduceOp, ReduceOp>> = { sum: 'lor', max: 'lor', bor: 'lor', bxor: 'lxor' };
    const logical = op.startsWith('l') ? op : (same[op] ?? 'land');
    return compile(`const a = x[i], b = y[i]; z[i] = ${expressions[logical]};`, 'const one = 1, zero = 0');
  }
  const isWide = dtype.endsWith('int64');
  const product = op === 'prod' && dtype.endsWith('int32') ? 'Math.imul(a, b)' : expressions[op];
  const constants = isWide ? 'const one = 1n, zero = 0n' : 'const one = 1, zero = 0';
  return compile(`const a = x[i], b = y[i]; z[i] = ${product};`, constants);
}

function complexLoop(op: ReduceOp): Loop {
  const less = '(ar < br || (ar === br && ai < bi))';
  const more = '(ar > br || (ar === br && ai > bi))';
  const store = (re: string, im: string): string => `z[i] = ${re}; z[i + 1] = ${im};`;
  const truth = (operator: string): string =>
    store(`((ar !== 0 || ai !== 0) ${operator} (br !== 0 || bi !== 0)) ? 1 : 0`, '0');
  const fround = 'const r = z instanceof Float32Array ? Math.fround : (v) => v;';
  const bodies: Partial<Record<ReduceOp, string>> = {
    sum: store('ar + br', 'ai + bi'),
    avg: store('r(ar + br) / 2', 'r(ai + bi) / 2'),
    prod: store('r(ar * br) - r(ai * bi)', 'r(ar * bi) + r(ai * br)'),
    min: store(`${more} ? br : ar`, `${more} ? bi : ai`),
    max: store(`${less} ? br : ar`, `${less} ? bi : ai`),
    land: truth('&&'),
    lor: truth('||'),
    lxor: truth('!=='),
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- of texts in this file
  return new Function(
    'x',
    'y',
    'z',
    `${fround} for (let i = 0; i < z.length; i += 2) {
       const ar = x[i], ai = x[i + 1], br = y[i], bi = y[i + 1]; ${bodies[op] ?? ''} }`,
  ) as Loop;
}
