/** Heat spreads over a plate on 2 × 2 workers; the field is compared with the closed form, and drawn. */
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';
import { launch, taskModule } from 'shoal';
import { fieldAt } from './closed-form.js';

const n = 127;
const steps = 500;
const time = steps / 4 / (n + 1) ** 2;
const figure = process.argv[2] ?? 'heat.png';

const pool = await launch({ workers: 4 });
const heat = taskModule<typeof import('./heat.js')>(new URL('./heat.ts', import.meta.url));
const blocks = await pool.run(heat, { workers: 4, args: [n, steps, [2, 2]] });
await pool.close();

const field = new Float64Array(n * n);
for (const { top, left, columns, values } of blocks) {
  values.forEach((value, at) => (field[(top + Math.floor(at / columns)) * n + left + (at % columns)] = value));
}

const exact = field.map((_, at) => fieldAt(((at % n) + 1) / (n + 1), (Math.floor(at / n) + 1) / (n + 1), time));
const error = field.reduce((most, value, at) => Math.max(most, Math.abs(value - exact[at]!)), 0);
console.log(`${n} × ${n} points, ${steps} steps on 2 × 2 workers`);
console.log(
  `hottest ${Math.max(...field).toFixed(4)}, largest distance from the closed form ${error.toExponential(0)}`,
);

const hottest = Math.max(...field.map(Math.abs));
const pixels = Array.from(field, (value) => colour(value / hottest)).flat();
writeFileSync(figure, encode({ width: n, height: n, channels: 3, data: Uint8Array.from(pixels) }));
console.log(`the field is in ${figure}`);

/** Blue where it is cold, −1, white at 0, red where it is hot, 1. */
function colour(value: number): number[] {
  const pale = Math.round(255 * (1 - Math.abs(value)));
  return value < 0 ? [pale, pale, 255] : [255, pale, pale];
}
