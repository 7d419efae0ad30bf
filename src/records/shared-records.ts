/** The memory of records between processes: a segment, mapped over pages of WebAssembly. */
import type { OsAddon } from '../native/os.js';
import type { RecordMemory } from './record-layout.js';
import { partBytes } from './record-layout.js';

const pageBytes = 64 * 1024;

/** Pages for so many ranks. */
export function recordPages(ranks: number): number {
  return Math.ceil((ranks * partBytes) / pageBytes);
}

/** Bytes of so many pages. */
export function pagesBytes(pages: number): number {
  return pages * pageBytes;
}

/** Map a segment, for good. Throws where the system does not allow that. */
export function mapRecords(os: OsAddon, descriptor: number, pages: number): RecordMemory {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  os.mapSegment(new Uint8Array(memory.buffer), 0, pagesBytes(pages), descriptor);
  return { buffer: memory.buffer as unknown as SharedArrayBuffer, first: 0, memory };
}

/** The same, of another process. */
export function openMappedRecords(
  os: OsAddon,
  { pid, segment, pages }: { readonly pid: number; readonly segment: number; readonly pages: number },
): RecordMemory {
  const descriptor = os.openDescriptor(pid, segment, 0);
  try {
    return mapRecords(os, descriptor, pages);
  } finally {
    os.closeDescriptor(descriptor); // the mapping stays
  }
}
