// Linked into a test: memory that is given back by delete is overwritten first, ours and that of libraries.
// (The engine's own allocator does the same in builds with asserts.) The sanitizers have their own way.

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <cstdlib>
#include <cstring>
#include <new>

#include <malloc.h>

namespace {

void overwrite_and_free(void* pointer) noexcept {
  if (pointer == nullptr) return;
  std::memset(pointer, 0xDD, malloc_usable_size(pointer));
  std::free(pointer);
}

}  // namespace

void operator delete(void* pointer) noexcept { overwrite_and_free(pointer); }
void operator delete[](void* pointer) noexcept { overwrite_and_free(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { overwrite_and_free(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { overwrite_and_free(pointer); }

#endif
