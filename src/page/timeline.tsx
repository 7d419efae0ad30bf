/**
 * Tasks over time, one line for each worker. Wheel, two fingers and + − zoom, dragging and arrows move, 0 shows all, L
 * follows.
 */
import type { JSX, TargetedPointerEvent } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { TaskView } from '../driver/task-history.js';
import type { Colours } from './canvas.js';
import { Canvas } from './canvas.js';
import type { Sight } from './gesture.js';
import { Gesture } from './gesture.js';
import { duration, marks } from '../view/format.js';

interface Props {
  readonly tasks: readonly TaskView[];
  readonly workers: number;
  readonly nowMs: number;
  readonly open: (task: TaskView) => void;
}

/** What is in sight: from `end - span` to `end`, or to now where it follows. */
interface View {
  readonly span: number;
  readonly end: number | undefined;
}

const axisHeight = 20;
const labelWidth = 34;
const most = 560;
const leastSpanMs = 1;
const steps = [1, 2, 5];

/** See above. */
export function Timeline({ tasks, workers, nowMs, open }: Props): JSX.Element {
  const [view, setView] = useState<View>({ span: 30_000, end: undefined });
  const gesture = useRef(new Gesture()).current;
  const lane = Math.min(18, Math.max(3, Math.floor(most / Math.max(1, workers))));
  const height = lane * workers + axisHeight;
  const end = view.end ?? nowMs;
  const begin = end - view.span;
  const zoom = (factor: number, at = 1): void => {
    const span = Math.max(leastSpanMs, view.span * factor);
    const anchor = begin + at * view.span;
    setView({ span, end: view.end === undefined && at === 1 ? undefined : anchor + (1 - at) * span });
  };
  const move = (share: number): void => setView({ span: view.span, end: end + share * view.span });
  const all = (): void => {
    const first = tasks.reduce((least, { started }) => Math.min(least, started ?? least), nowMs);
    setView({ span: Math.max(1_000, (nowMs - first) * 1.02), end: undefined });
  };
  const keys: Readonly<Record<string, () => void>> = {
    '+': () => zoom(0.5),
    '=': () => zoom(0.5),
    '-': () => zoom(2),
    ArrowLeft: () => move(-0.2),
    ArrowRight: () => move(0.2),
    '0': all,
    l: () => setView({ span: view.span, end: undefined }),
  };
  const find = (x: number, y: number, width: number): TaskView | undefined => {
    const at = begin + ((x - labelWidth) / (width - labelWidth)) * view.span;
    const slack = (3 / (width - labelWidth)) * view.span;
    const worker = Math.floor(y / lane);
    const found = tasks.filter(({ started, ended, worldRanks }) => {
      if (started === undefined || !worldRanks.includes(worker)) return false;
      return started - slack <= at && at <= (ended ?? nowMs) + slack;
    });
    return found.at(-1);
  };
  const sightOf = ({ currentTarget }: PointerOver): Sight => ({
    begin,
    span: view.span,
    width: currentTarget.clientWidth - labelWidth,
  });
  return (
    <>
      <div class="tools" role="toolbar" aria-label="Timeline">
        <button onClick={() => zoom(0.5)}>Zoom in</button>
        <button onClick={() => zoom(2)}>Zoom out</button>
        <button onClick={() => move(-0.5)}>Earlier</button>
        <button onClick={() => move(0.5)}>Later</button>
        <button onClick={all}>All</button>
        <button aria-pressed={view.end === undefined} onClick={() => setView({ span: view.span, end: undefined })}>
          Live
        </button>
        <span class="note">{duration(view.span)} in sight</span>
      </div>
      <Canvas
        label={`Timeline of ${tasks.length} tasks on ${workers} workers; plus and minus zoom, arrows move, 0 shows all`}
        height={height}
        draw={(context, width, _height, colours) => {
          drawAxis(context, width, height, begin, view.span, nowMs, colours);
          drawLanes(context, width, workers, lane, colours);
          drawTasks(context, width, lane, begin, view.span, nowMs, tasks, colours);
        }}
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (!act) return;
          event.preventDefault();
          act();
        }}
        onWheel={(event) => {
          if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaY) > 0 && !event.altKey) return;
          event.preventDefault();
          const { left, width } = event.currentTarget.getBoundingClientRect();
          zoom(event.deltaY > 0 ? 1.25 : 0.8, Math.max(0, (event.clientX - left - labelWidth) / (width - labelWidth)));
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          gesture.down(event.pointerId, placeOf(event), sightOf(event));
        }}
        onPointerMove={(event) => {
          const seen = gesture.move(event.pointerId, placeOf(event), sightOf(event));
          if (!seen) return;
          const span = Math.max(leastSpanMs, seen.span);
          setView({ span, end: seen.begin + span });
        }}
        onPointerUp={(event) => {
          gesture.up(event.pointerId, sightOf(event));
          const { left, top, width } = event.currentTarget.getBoundingClientRect();
          const found = gesture.moved ? undefined : find(event.clientX - left, event.clientY - top, width);
          if (found) open(found);
        }}
        onPointerCancel={(event) => gesture.up(event.pointerId, sightOf(event))}
      />
      <p class="legend">
        {(['running', 'succeeded', 'failed', 'cancelled'] as const).map((state) => (
          <span key={state} class={`mark ${state}`}>
            {marks[state]} {state}
          </span>
        ))}
      </p>
    </>
  );
}

type Context = CanvasRenderingContext2D;
type PointerOver = TargetedPointerEvent<HTMLCanvasElement>;

/** Where a pointer is, in pixels from the end of the labels. */
function placeOf({ currentTarget, clientX }: PointerOver): number {
  return clientX - currentTarget.getBoundingClientRect().left - labelWidth;
}

function drawLanes(context: Context, width: number, workers: number, lane: number, colours: Colours): void {
  context.fillStyle = colours('quiet');
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const every = Math.ceil(14 / lane);
  for (let worker = 0; worker < workers; worker += every) {
    context.fillText(String(worker), 4, (worker + 0.5) * lane + (lane < 12 ? 4 : 0), labelWidth - 6);
    context.globalAlpha = 0.25;
    context.fillRect(labelWidth, worker * lane, width, 0.5);
    context.globalAlpha = 1;
  }
}

function drawAxis(
  context: Context,
  width: number,
  height: number,
  begin: number,
  span: number,
  nowMs: number,
  colours: Colours,
): void {
  const scale = (width - labelWidth) / span;
  const rough = (100 / Math.max(1, width - labelWidth)) * span;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (steps.find((each) => each * power >= rough) ?? 10) * power;
  context.fillStyle = colours('quiet');
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'alphabetic';
  for (let ago = 0; ago <= nowMs - begin; ago += step) {
    const x = labelWidth + (nowMs - ago - begin) * scale;
    if (x > width) continue;
    context.globalAlpha = 0.25;
    context.fillRect(x, 0, 1, height - axisHeight);
    context.globalAlpha = 1;
    const text = ago === 0 ? 'now' : `−${duration(ago)}`;
    const across = context.measureText(text).width;
    context.fillText(text, Math.min(x - across / 2, width - across - 2), height - 5);
  }
}

function drawTasks(
  context: Context,
  width: number,
  lane: number,
  begin: number,
  span: number,
  nowMs: number,
  tasks: readonly TaskView[],
  colours: Colours,
): void {
  const scale = (width - labelWidth) / span;
  const fills = new Map(['running', 'succeeded', 'failed', 'cancelled'].map((state) => [state, colours(state)]));
  const paper = colours('paper');
  const bar = Math.max(2, lane - 2);
  context.save();
  context.beginPath();
  context.rect(labelWidth, 0, width - labelWidth, 1e6);
  context.clip();
  context.textBaseline = 'middle';
  for (const { state, started, ended, worldRanks, name, id } of tasks) {
    if (started === undefined || (ended ?? nowMs) < begin || started > begin + span) continue;
    const x = labelWidth + (started - begin) * scale;
    const across = Math.max(1.5, ((ended ?? nowMs) - started) * scale);
    context.fillStyle = fills.get(state) ?? paper;
    for (const worker of worldRanks) {
      const y = worker * lane + 1;
      context.fillRect(x, y, across, bar);
      // Told by their form as well: a failure has a notch, what was cancelled is hollow.
      if (state === 'cancelled' && across > 4 && bar > 4) context.clearRect(x + 1.5, y + 1.5, across - 3, bar - 3);
      if (state === 'failed' && across > 6 && bar > 4) drawCross(context, x, y, Math.min(bar, across), paper);
      if (across > 60 && bar >= 12) {
        context.fillStyle = state === 'cancelled' ? colours('ink') : paper;
        const from = Math.max(x, labelWidth) + (state === 'failed' ? bar + 2 : 4);
        context.fillText(name ?? id, from, y + bar / 2 + 0.5, Math.max(10, x + across - from - 4));
        context.fillStyle = fills.get(state) ?? paper;
      }
    }
  }
  context.restore();
}

function drawCross(context: Context, x: number, y: number, size: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x + 2, y + 2);
  context.lineTo(x + size - 2, y + size - 2);
  context.moveTo(x + size - 2, y + 2);
  context.lineTo(x + 2, y + size - 2);
  context.stroke();
}
