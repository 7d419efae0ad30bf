/** A worker's process maps the memory where its node's workers note their calls. */
import { loadOs } from '../native/os.js';
import type { RecordsPlace } from '../protocol/control-messages.js';
import type { RecordMemory } from '../records/record-layout.js';
import { openMappedRecords } from '../records/shared-records.js';

/** Map it, and hand it on; without it a rank notes its calls where it alone reads them. */
export function noteIn(place: RecordsPlace, use: (memory: RecordMemory) => void): void {
  let memory;
  try {
    memory = openMappedRecords(loadOs(), place);
  } catch {
    return; // the system allows no such memory, or the driver is gone
  }
  use(memory);
}
