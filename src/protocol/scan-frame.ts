/**
 * A scan of the bytes of a frame before anything is built of them: MessagePack of plain data alone, inside bounds.
 *
 * Source: https://github.com/msgpack/msgpack/blob/master/spec.md. Cost: one step for each item, none for its bytes.
 */

/** Lists and maps inside one another; ours have at most some ten. */
export const maxDepth = 32;
/** Items of a frame, keys of maps included. */
export const maxItems: number = 2 ** 20;

/** Bytes of a head after its first one: the value itself, or the length of what follows. */
const scalarBytes: Readonly<Record<number, number>> = {
  0xc0: 0, // nil
  0xc2: 0, // false
  0xc3: 0, // true
  0xca: 4, // float 32
  0xcb: 8, // float 64
  0xcc: 1, // uint 8 … 64
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1, // int 8 … 64
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};
const [bin8, str8, array16, array32, map16, map32] = [0xc4, 0xd9, 0xdc, 0xdd, 0xde, 0xdf];
const lengthSizes = [1, 2, 4];

/**
 * Why these bytes are no message; undefined: they are. Refused are extension types, keys that are no text, what does
 * not end with the frame, and more items or deeper nesting than the bounds.
 */
export function faultOf(frame: Uint8Array, itemLimit: number = maxItems): string | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = 0;
  let items = 0;
  /** What is still to come of each list or map that is open; of a map: keys and values. */
  const open: { left: number; isMap: boolean }[] = [];
  const top = { left: 1, isMap: false };
  for (let inner = top; ;) {
    while (inner.left === 0) {
      const outer = open.pop();
      if (!outer) return at === frame.length ? undefined : `${frame.length - at} bytes follow its message`;
      inner = outer;
    }
    const isKey = inner.isMap && inner.left % 2 === 0;
    inner.left--;
    if (++items > itemLimit) return `it has more than ${itemLimit} items`;
    const kind = frame[at++];
    if (kind === undefined) return 'it ends too early';
    const text = textLength(view, kind, at);
    if (isKey && text === undefined) return 'a key of a map is no text';
    if (text !== undefined) at += text;
    else if (kind <= 0x7f || kind >= 0xe0) continue;
    else if (kind in scalarBytes) at += scalarBytes[kind] ?? 0;
    else if (kind >= bin8 && kind < bin8 + lengthSizes.length) at += sized(view, at, lengthSizes[kind - bin8] ?? 4);
    else {
      const count = countOf(view, kind, at);
      if (count === undefined) return `it has an item of type 0x${kind.toString(16)}`;
      at += count.headBytes;
      // Each item has one byte at least.
      if (count.items > frame.length - at) return 'a list or map is longer than the frame';
      if (open.length + 1 >= maxDepth) return `it is nested deeper than ${maxDepth}`;
      open.push(inner);
      inner = { left: count.items, isMap: count.isMap };
    }
    if (at > frame.length) return 'it ends too early';
  }
}

/** Bytes of a text after its first one, with its length; undefined: it is none. */
function textLength(view: DataView, kind: number, at: number): number | undefined {
  if (kind >= 0xa0 && kind <= 0xbf) return kind & 0x1f;
  return kind >= str8 && kind < str8 + lengthSizes.length ? sized(view, at, lengthSizes[kind - str8] ?? 4) : undefined;
}

function countOf(
  view: DataView,
  kind: number,
  at: number,
): { headBytes: number; items: number; isMap: boolean } | undefined {
  if (kind <= 0x8f) return { headBytes: 0, items: 2 * (kind & 0x0f), isMap: true };
  if (kind <= 0x9f) return { headBytes: 0, items: kind & 0x0f, isMap: false };
  const isMap = kind === map16 || kind === map32;
  if (!isMap && kind !== array16 && kind !== array32) return undefined;
  const headBytes = kind === array16 || kind === map16 ? 2 : 4;
  return { headBytes, items: (isMap ? 2 : 1) * read(view, at, headBytes), isMap };
}

/** A length of so many bytes, and what it counts. */
function sized(view: DataView, at: number, headBytes: number): number {
  return headBytes + read(view, at, headBytes);
}

/** Infinity where the frame has ended. */
function read(view: DataView, at: number, sizeBytes: number): number {
  if (at + sizeBytes > view.byteLength) return Infinity;
  if (sizeBytes === 1) return view.getUint8(at);
  return sizeBytes === 2 ? view.getUint16(at) : view.getUint32(at);
}
