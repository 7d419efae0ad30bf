/** A canvas that fills its box, sharp on every screen, and the colours of the page for what is drawn on it. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** By the names of the style sheet's variables. */
export type Colours = (name: string) => string;

type Attributes = JSX.IntrinsicElements['canvas'];

/** Draw on `width` × `height` units of the page. */
export type Draw = (context: CanvasRenderingContext2D, width: number, height: number, colours: Colours) => void;

type Events = 'onWheel' | 'onPointerDown' | 'onPointerMove' | 'onPointerUp' | 'onPointerCancel';

interface Props extends Pick<Attributes, Events> {
  readonly label: string;
  readonly height: number;
  readonly draw: Draw;
  readonly onKeyDown?: (event: KeyboardEvent) => void;
}

/** Drawn anew whenever the page is. */
export function Canvas({ label, height, draw, onKeyDown, ...events }: Props): JSX.Element {
  const ref = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  const paint = (): void => {
    const canvas = ref.current;
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return;
    const { clientWidth: width, clientHeight } = canvas;
    const scale = window.devicePixelRatio;
    const [across, down] = [Math.round(width * scale), Math.round(clientHeight * scale)];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, clientHeight);
    const style = getComputedStyle(canvas);
    latest.current(context, width, clientHeight, (name) => style.getPropertyValue(`--${name}`));
  };
  useEffect(paint);
  useEffect(() => {
    const observer = new ResizeObserver(paint);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    if (ref.current) observer.observe(ref.current);
    scheme.addEventListener('change', paint);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', paint);
    };
  }, []);
  return (
    <canvas
      ref={ref}
      role="img"
      aria-label={label}
      tabIndex={onKeyDown ? 0 : -1}
      style={{ height: `${height}px` }}
      onKeyDown={onKeyDown}
      {...events}
    />
  );
}
