/** Processor and memory of all workers over the last two minutes. */
import type { JSX } from 'preact';
import { Canvas } from './canvas.js';
import type { Sample } from '../view/followed-pool.js';

interface Props {
  readonly label: string;
  readonly samples: readonly Sample[];
  readonly value: (sample: Sample) => number;
  readonly text: (value: number) => string;
  /** The scale reaches at least so far. */
  readonly least: number;
}

const spanMs = 120_000;

/** A line with its last value beside it. */
export function Chart({ label, samples, value, text, least }: Props): JSX.Element {
  const last = samples.at(-1);
  const now = last ? text(value(last)) : '';
  return (
    <figure>
      <figcaption>
        {label} <strong>{now}</strong>
      </figcaption>
      <Canvas
        label={`${label} over two minutes, now ${now}`}
        height={64}
        draw={(context, width, height, colours) => {
          const most = samples.reduce((peak, sample) => Math.max(peak, value(sample)), least) * 1.1;
          const place = (sample: Sample): [x: number, y: number] => {
            const ago = (last?.at ?? 0) - sample.at;
            return [width * (1 - ago / spanMs), height - 2 - (value(sample) / most) * (height - 6)];
          };
          context.strokeStyle = colours('line');
          context.strokeRect(0.5, 0.5, width - 1, height - 1);
          context.strokeStyle = colours('running');
          context.lineWidth = 2;
          context.beginPath();
          for (const sample of samples) context.lineTo(...place(sample));
          context.stroke();
          context.fillStyle = colours('quiet');
          context.font = '11px system-ui, sans-serif';
          context.fillText(text(most), 4, 12);
        }}
      />
    </figure>
  );
}
