// Shared libraries by name or path: asked which MPI they are, and opened for all that is loaded later.
#pragma once
#include <dlfcn.h>

#include "napi.h"

namespace shoal {

// void *dlopen(const char *filename, int flags);
// Opens a library for all that is loaded later, for good.
inline napi_value open_library(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string path = call.text(0);
  if (call.failed()) return nullptr;
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    napi_throw_error(env, "dlopen", dlerror());
  }
  return nullptr;
}

// int MPI_Get_library_version(char *version, int *resultlen);
// int MPI_Abi_get_version(int *abi_major, int *abi_minor);
// Both have this prototype in every ABI, and may be called before MPI_Init, from any thread. What is loaded later does
// not see the library. It stays open, since its constructors have started what no destructor ends.
// Returns the major version of the standard ABI, -1 for a library of its implementation's ABI, and the library's words.
inline napi_value describe_mpi(napi_env env, napi_callback_info info) {
  constexpr size_t kMaxText = 8192;  // MPI_MAX_LIBRARY_VERSION_STRING, of all ABIs the largest
  Call call(env, info);
  const std::string path = call.text(0);
  if (call.failed()) return nullptr;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = library ? dlsym(library, "MPI_Get_library_version") : nullptr;
  if (!symbol) {
    napi_throw_error(env, library ? "dlsym" : "dlopen", dlerror());
    return nullptr;
  }
  char text[kMaxText + 1] = "";
  int length = 0, major = -1, minor = -1;
  reinterpret_cast<int (*)(char*, int*)>(symbol)(text, &length);
  const auto abi = reinterpret_cast<int (*)(int*, int*)>(dlsym(library, "MPI_Abi_get_version"));
  if (abi) abi(&major, &minor);
  napi_value result = nullptr;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, call.number(major));
  napi_set_element(env, result, 1, call.string(text));
  return result;
}

}  // namespace shoal
