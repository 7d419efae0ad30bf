// Every kernel against a scalar fold written here, at every length around the SIMD widths and at odd addresses.
// Built under AddressSanitizer, UBSan and ThreadSanitizer; buffers are exactly as long as the data.
#include "kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

namespace shoal {
uint8_t* linear_memory = nullptr;
}
using namespace shoal;

namespace {

int failures = 0;
uint64_t random_state = 88172645463325252ull;
uint64_t random_bits() {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

template <typename T>
T random_element() {
  const uint64_t bits = random_bits();
  T value;
  memcpy(&value, &bits, sizeof(T));
  return value;
}
template <>
float random_element<float>() {
  switch (random_bits() % 12) {
    case 0: return NAN;
    case 1: return INFINITY;
    case 2: return -0.0f;
    case 3: return 1e-42f;  // subnormal
    default: return float(int64_t(random_bits() % 2000) - 1000) / 7;
  }
}
template <>
double random_element<double>() {
  return random_bits() % 12 == 0 ? 5e-324 : double(random_element<float>()) / 3;
}

template <typename T>
T fold_step(uint32_t op, T a, T b) {
  switch (op) {
    case kSum: return T(uint64_t(a) + uint64_t(b));
    case kProd: return T(uint64_t(a) * uint64_t(b));
    case kMin: return a < b ? a : b;
    default: return a > b ? a : b;
  }
}
template <typename T>
T float_step(uint32_t op, T a, T b) {
  if (op == kSum) return a + b;
  if (op == kProd) return a * b;
  if (isnan(a) || isnan(b)) return NAN;
  if (a == b) return (op == kMin) == bool(signbit(a)) ? a : b;  // -0 < +0
  return (op == kMin) == (a < b) ? a : b;
}
template <>
float fold_step<float>(uint32_t op, float a, float b) { return float_step(op, a, b); }
template <>
double fold_step<double>(uint32_t op, double a, double b) { return float_step(op, a, b); }

// SIMDe's minimum and maximum may return either zero; test/wasm/numpy.test.ts checks the sign on the real module.
template <typename T>
bool same(T a, T b) {
  return memcmp(&a, &b, sizeof(T)) == 0 || (a != a && b != b) || (a == 0 && b == 0);
}

template <typename T>
void check(Dtype dtype, const char* name) {
  std::vector<uint64_t> lengths = {1000, 4099};
  for (uint64_t n = 0; n <= 67; n++) lengths.push_back(n);
  for (uint32_t op : {kSum, kProd, kMin, kMax}) {
    for (uint32_t k : {1u, 2u, 3u, 4u, 7u, 8u}) {
      for (uint64_t n : lengths) {
        const uint64_t shift = (n % 3) * sizeof(T);  // odd addresses for the vectors
        std::vector<std::vector<uint8_t>> buffers(k, std::vector<uint8_t>(n * sizeof(T) + shift));
        std::vector<const uint8_t*> sources(k);
        std::vector<T> want(n);
        for (uint32_t s = 0; s < k; s++) {
          sources[s] = buffers[s].data() + shift;
          for (uint64_t i = 0; i < n; i++) {
            const T value = random_element<T>();
            memcpy(buffers[s].data() + shift + i * sizeof(T), &value, sizeof(T));
            want[i] = s == 0 ? value : fold_step<T>(op, want[i], value);
          }
        }
        // From one target to one in place of every source and one beside them.
        const uint32_t m = 1 + uint32_t(random_bits() % (k + 1));
        const uint32_t in_place = uint32_t(random_bits() % (k + 1));
        buffers.emplace_back(n * sizeof(T) + shift);
        std::vector<uint8_t*> targets;
        for (uint32_t t = 0; t < m; t++) targets.push_back(buffers[(in_place + t) % (k + 1)].data() + shift);
        if (!reduce(dtype, op, sources.data(), k, targets.data(), m, n * sizeof(T))) failures++;
        for (uint8_t* target : targets) {
          for (uint64_t i = 0; i < n; i++) {
            T got;
            memcpy(&got, target + i * sizeof(T), sizeof(T));
            if (same(got, want[i])) continue;
            if (failures++ < 10) printf("%s op %u k %u n %zu: element %zu differs\n", name, op, k, size_t(n), size_t(i));
          }
        }
      }
    }
  }
}

// Every kernel over random bytes in buffers that are exactly as long. What it writes to one target, which is compared
// with NumPy elsewhere, it writes to several.
void compare_targets() {
  for (uint32_t dtype = 0; dtype < kDtypes; dtype++) {
    for (uint32_t op = 0; op < kReduceOps; op++) {
      for (uint32_t k : {1u, 2u, 3u, 4u}) {
        for (uint64_t n : {0, 1, 3, 5, 17, 67}) {
          const uint64_t bytes = n * kItemBytes[dtype];
          std::vector<std::vector<uint8_t>> buffers(k, std::vector<uint8_t>(bytes));
          std::vector<uint8_t> want(bytes);
          std::vector<const uint8_t*> sources;
          std::vector<uint8_t*> targets;
          for (std::vector<uint8_t>& buffer : buffers) {
            for (uint8_t& byte : buffer) byte = uint8_t(random_bits());
            sources.push_back(buffer.data());
            targets.push_back(buffer.data());
          }
          reduce(dtype, op, sources.data(), k, want.data(), bytes);
          if (!reduce(dtype, op, sources.data(), k, targets.data(), k, bytes)) continue;
          for (const std::vector<uint8_t>& buffer : buffers) {
            if (buffer != want && failures++ < 10) printf("dtype %u op %u k %u: targets differ\n", dtype, op, k);
          }
        }
      }
    }
  }
}

void check_copies() {
  for (uint32_t m : {1u, 2u, 3u}) {
    for (uint64_t bytes : {0, 1, 63, 64, 65, 1000}) {
      std::vector<uint8_t> source(bytes);
      for (uint8_t& byte : source) byte = uint8_t(random_bits());
      std::vector<std::vector<uint8_t>> buffers(m, std::vector<uint8_t>(bytes));
      std::vector<uint8_t*> targets;
      for (std::vector<uint8_t>& buffer : buffers) targets.push_back(buffer.data());
      copy(source.data(), targets.data(), m, bytes);
      for (const std::vector<uint8_t>& buffer : buffers) {
        if (buffer != source && failures++ < 10) printf("a copy of %zu bytes differs\n", size_t(bytes));
      }
    }
  }
}

}  // namespace

int main() {
  compare_targets();
  check_copies();
  check<int8_t>(kInt8, "int8");
  check<uint8_t>(kUint8, "uint8");
  check<int16_t>(kInt16, "int16");
  check<uint16_t>(kUint16, "uint16");
  check<int32_t>(kInt32, "int32");
  check<uint32_t>(kUint32, "uint32");
  check<int64_t>(kInt64, "int64");
  check<uint64_t>(kUint64, "uint64");
  check<float>(kFloat32, "float32");
  check<double>(kFloat64, "float64");
  for (uint32_t dtype = 0; dtype < kDtypes + 3; dtype++) {
    uint8_t element[16] = {};
    const uint8_t* source = element;
    if (reduce(dtype, kReduceOps, &source, 1, element, 1) || reduce(kDtypes, dtype, &source, 1, element, 1)) failures++;
  }
  printf("%d differences\n", failures);
  return failures == 0 ? 0 : 1;
}
