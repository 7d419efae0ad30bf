// Addresses of linear memory and atomic access to its words.
// All atomics are sequentially consistent: WebAssembly has no other order, and rules 5 and 9 need it.
#pragma once
#include <stdint.h>

namespace shoal {

#ifdef __wasm__
template <typename T>
inline T* at(uint32_t address) {
  return reinterpret_cast<T*>(address);
}
inline uint32_t address_of(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }
#else
// Host builds give the linear memory of the test here.
extern uint8_t* linear_memory;
template <typename T>
inline T* at(uint32_t address) {
  return reinterpret_cast<T*>(linear_memory + address);
}
inline uint32_t address_of(const void* pointer) { return uint32_t(static_cast<const uint8_t*>(pointer) - linear_memory); }
#endif

template <typename T>
inline T load(const T& word) {
  return __atomic_load_n(&word, __ATOMIC_SEQ_CST);
}
template <typename T>
inline void store(T& word, T value) {
  __atomic_store_n(&word, value, __ATOMIC_SEQ_CST);
}
template <typename T>
inline bool swap(T& word, T expected, T value) {
  return __atomic_compare_exchange_n(&word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

}  // namespace shoal
