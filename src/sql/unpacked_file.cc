#include "sql/unpacked_file.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "duckdb.hpp"
#include "duckdb/common/file_system.hpp"
#include "io/file_system.h"
#include "sql/engine_error.h"

namespace anabranch::sql {
namespace {

// Walks the frames of a file by the sizes of their blocks (RFC 8878, section 3.1): the engine takes the end
// of the file for the end of the last frame.
class Frames {
 public:
  explicit Frames(const io::File& file) : file_(file) {}

  Result<bool> are_whole() {
    const uint64_t size = TRY(file_.size());
    while (at_ < size) {
      const auto magic = TRY(number(4));
      if (!magic) return false;
      if ((*magic & 0xfffffff0) == 0x184d2a50) {  // a frame to be skipped
        const auto bytes = TRY(number(4));
        if (!bytes) return false;
        at_ += *bytes;
      } else if (*magic != 0xfd2fb528 || !TRY(skip_frame())) {
        return false;
      }
      if (at_ > size) return false;
    }
    return true;
  }

 private:
  Result<bool> skip_frame() {
    const auto descriptor = TRY(number(1));
    if (!descriptor) return false;
    const bool is_single_segment = (*descriptor >> 5 & 1) != 0;
    constexpr uint64_t dictionary_bytes[] = {0, 1, 2, 4};
    constexpr uint64_t size_bytes[] = {0, 2, 4, 8};
    const uint64_t of_size = *descriptor >> 6 == 0 && is_single_segment ? 1 : size_bytes[*descriptor >> 6];
    at_ += (is_single_segment ? 0 : 1) + dictionary_bytes[*descriptor & 3] + of_size;
    for (bool is_last = false; !is_last;) {
      const auto block = TRY(number(3));
      if (!block) return false;
      is_last = (*block & 1) != 0;
      const bool is_repeated_byte = (*block >> 1 & 3) == 1;
      at_ += is_repeated_byte ? 1 : *block >> 3;
    }
    at_ += (*descriptor >> 2 & 1) != 0 ? 4 : 0;  // a checksum
    return true;
  }

  // Little-endian; nothing where the file ends before.
  Result<std::optional<uint64_t>> number(size_t bytes) {
    const std::string read = TRY(file_.read_at(at_, bytes));
    if (read.size() < bytes) return std::optional<uint64_t>();
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(read[i]);
    at_ += bytes;
    return std::optional(value);
  }

  const io::File& file_;
  uint64_t at_ = 0;
};

}  // namespace

struct ZstandardFile::Impl {
  std::unique_ptr<duckdb::DuckDB> engine;
  duckdb::unique_ptr<duckdb::FileHandle> handle;
};

ZstandardFile::ZstandardFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZstandardFile::~ZstandardFile() = default;

Result<std::unique_ptr<ZstandardFile>> ZstandardFile::open(const std::string& path) {
  const auto file = TRY(io::local_file_system().open(path, io::FileSystem::Open::read));
  if (!TRY(Frames(*file).are_whole()))
    return fail(Code::bad_input, "the packed file breaks off or is damaged", "write or fetch it again");
  try {
    auto impl = std::make_unique<Impl>();
    impl->engine = std::make_unique<duckdb::DuckDB>(nullptr);
    auto& files = duckdb::FileSystem::GetFileSystem(*impl->engine->instance);
    impl->handle = files.OpenFile(
        path, duckdb::FileFlags::FILE_FLAGS_READ | duckdb::FileOpenFlags(duckdb::FileCompressionType::ZSTD));
    return std::make_unique<ZstandardFile>(std::move(impl));
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::io));
  }
}

Result<bool> ZstandardFile::read(std::string& out, size_t bytes_max) {
  const size_t before = out.size();
  out.resize(before + bytes_max);
  try {
    const int64_t bytes = impl_->handle->Read(out.data() + before, bytes_max);
    out.resize(before + static_cast<size_t>(std::max<int64_t>(0, bytes)));
    return out.size() > before;
  } catch (const std::exception& error) {
    return fail(Code::bad_input,
                fmt::format("the packed file is damaged: {}", engine_error(error, "", Code::io).message),
                "write or fetch it again");
  }
}

}  // namespace anabranch::sql
