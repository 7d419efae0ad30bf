/** How much memory a task thread uses: it writes that to shared memory from time to time, and its control side reads. */
import { getHeapStatistics } from 'node:v8';
import { setInterval } from '../clock.js';

const intervalMs = 1_000;

/** A place for what one thread uses; of the control side. */
export function heapWord(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
}

/** Of the thread: write there now and each second, as far as its tasks let the event loop turn. */
export function tellHeap(word: Float64Array): void {
  const tell = (): void => {
    const { used_heap_size: heap, external_memory: outside } = getHeapStatistics();
    word[0] = heap + outside;
  };
  tell();
  setInterval(tell, intervalMs).unref();
}

/** Bytes; undefined: the thread has said nothing yet, or what is no size. User code runs there. */
export function readHeap(word: Float64Array | undefined): number | undefined {
  const bytes = word?.[0] ?? 0;
  return Number.isFinite(bytes) && bytes > 0 ? Math.round(bytes) : undefined;
}
