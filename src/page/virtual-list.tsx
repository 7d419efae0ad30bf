/** A list of any length, of which only the rows in sight exist. Arrow keys move, Enter opens. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

const rowHeight = 28;
/** Rows beyond what is seen, above and below. */
const margin = 6;

interface Props<T> {
  readonly label: string;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly row: (item: T) => ComponentChildren;
  readonly open: (item: T) => void;
  /** Shown where there is none. */
  readonly empty: string;
  /** Rows in sight. */
  readonly rows?: number;
}

/** See above. */
export function VirtualList<T>({ label, items, keyOf, row, open, empty, rows = 10 }: Props<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState<string | undefined>(undefined);
  const at = items.findIndex((item) => keyOf(item) === active);
  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  const shown = items.slice(first, first + rows + 2 * margin);
  useEffect(() => {
    const { current } = box;
    if (current) setTop(current.scrollTop);
  }, [items.length]);
  if (items.length === 0) return <p class="empty">{empty}</p>;
  const idOf = (key: string): string => `${label}-${key}`.replace(/[^\w-]/g, '_');
  const go = (to: number): void => {
    const index = Math.min(items.length - 1, Math.max(0, to));
    const item = items[index];
    if (item === undefined) return;
    setActive(keyOf(item));
    const { current } = box;
    if (!current) return;
    const [above, below] = [index * rowHeight, (index + 1) * rowHeight - current.clientHeight];
    if (current.scrollTop > above) current.scrollTop = above;
    else if (current.scrollTop < below) current.scrollTop = below;
  };
  const steps: Readonly<Record<string, () => void>> = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    PageDown: () => go(at + rows),
    PageUp: () => go(at - rows),
    Home: () => go(0),
    End: () => go(items.length - 1),
    Enter: () => {
      const item = items[at];
      if (item !== undefined) open(item);
    },
  };
  return (
    <div
      ref={box}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label={`${label}, ${items.length}`}
      aria-activedescendant={active === undefined ? undefined : idOf(active)}
      style={{ height: `${Math.min(items.length, rows) * rowHeight}px` }}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (!step) return;
        event.preventDefault();
        step();
      }}
    >
      <div style={{ height: `${items.length * rowHeight}px` }}>
        <div style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {shown.map((item) => {
            const key = keyOf(item);
            return (
              <div
                key={key}
                id={idOf(key)}
                role="option"
                aria-selected={key === active}
                class="row"
                onClick={() => {
                  setActive(key);
                  open(item);
                }}
              >
                {row(item)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
