// What Linux has and Node has not. src/native/os.ts declares the same functions in the same order. Every function runs on
// the calling thread.
#include "array-list.h"
#include "byte-copy.h"
#include "doorbells.h"
#include "libraries.h"
#include "napi.h"
#include "processes.h"
#include "segments.h"
#include "stores.h"

using namespace shoal;

NAPI_MODULE_INIT() {
  shoal::define(env, exports, "createSegment", create_segment);
  shoal::define(env, exports, "openDescriptor", open_descriptor);
  shoal::define(env, exports, "mapSegment", map_segment);
  shoal::define(env, exports, "createStore", create_store);
  shoal::define(env, exports, "writeStore", write_store);
  shoal::define(env, exports, "sealStore", seal_store);
  shoal::define(env, exports, "mapStore", map_store);
  shoal::define(env, exports, "detachStore", detach_store);
  shoal::define(env, exports, "copyBytes", copy_bytes<copy>);
  shoal::define(env, exports, "stageBytes", copy_bytes<stage>);
  shoal::define(env, exports, "listArrays", list_arrays);
  shoal::define(env, exports, "gather", gather_bytes<copy_parts>);
  shoal::define(env, exports, "gatherStaged", gather_bytes<stage_parts>);
  shoal::define(env, exports, "scatter", scatter_bytes);
  shoal::define(env, exports, "yieldCore", yield_core);
  shoal::define(env, exports, "countCores", count_cores);
  shoal::define(env, exports, "createDoorbell", create_doorbell);
  shoal::define(env, exports, "ringDoorbell", ring_doorbell);
  shoal::define(env, exports, "waitDoorbell", wait_doorbell);
  shoal::define(env, exports, "closeDescriptor", close_descriptor);
  shoal::define(env, exports, "openProcess", open_process);
  shoal::define(env, exports, "signalProcess", signal_process);
  shoal::define(env, exports, "processEnded", process_ended);
  shoal::define(env, exports, "exitStatus", exit_status);
  shoal::define(env, exports, "openLibrary", open_library);
  shoal::define(env, exports, "describeMpi", describe_mpi);
  return exports;
}
