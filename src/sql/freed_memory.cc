#include "sql/freed_memory.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "duckdb/common/allocator.hpp"

namespace anabranch::sql {
namespace {

using duckdb::Allocator;
using duckdb::data_ptr_t;
using duckdb::idx_t;
using duckdb::PrivateAllocatorData;

constexpr int no_ones_text = 0xDD;  // in UTF-8 never one byte after the other

void overwrite_and_free(PrivateAllocatorData* data, data_ptr_t pointer, idx_t size) {
  std::memset(pointer, no_ones_text, size);
  Allocator::DefaultFree(data, pointer, size);
}

// Always moves, so that what points to the old place shows too.
data_ptr_t move(PrivateAllocatorData* data, data_ptr_t pointer, idx_t old_size, idx_t size) {
  const data_ptr_t moved = Allocator::DefaultAllocate(data, size);
  std::memcpy(moved, pointer, std::min(old_size, size));
  overwrite_and_free(data, pointer, old_size);
  return moved;
}

}  // namespace

void overwrite_what_is_freed() {
  static std::once_flag once;
  std::call_once(once, [] {
    auto& allocator = Allocator::DefaultAllocatorReference();
    // Memory that was allocated so far names the first one, which therefore stays.
    static const duckdb::shared_ptr<Allocator> first = allocator;
    allocator = duckdb::make_shared_ptr<Allocator>(Allocator::DefaultAllocate, overwrite_and_free, move,
                                                   duckdb::make_uniq<PrivateAllocatorData>());
  });
}

}  // namespace anabranch::sql
