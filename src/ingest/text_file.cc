#include "ingest/text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

namespace anabranch::ingest {

struct TextFile::Impl {
  std::string name;
  gzFile file = nullptr;
  ~Impl() {
    if (file != nullptr) gzclose_r(file);
  }
};

TextFile::TextFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextFile::TextFile(TextFile&&) noexcept = default;
TextFile& TextFile::operator=(TextFile&&) noexcept = default;
TextFile::~TextFile() = default;

Result<TextFile> TextFile::open(const io::Path& path) {
  constexpr unsigned buffer_bytes = 256 << 10;
  auto impl = std::make_unique<Impl>();
  impl->name = path == "-" ? "standard input" : path.string();
  errno = 0;
  impl->file = path == "-" ? gzdopen(::dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rb");
  if (impl->file == nullptr) {
    return fail(
        Code::bad_input,
        fmt::format("cannot read {}: {}", impl->name, errno != 0 ? std::strerror(errno) : "out of memory"),
        "check the name and who may read it");
  }
  gzbuffer(impl->file, buffer_bytes);
  return TextFile(std::move(impl));
}

Status TextFile::read(size_t bytes, std::string& into) {
  const size_t before = into.size();
  into.resize(before + bytes);
  size_t size = 0;
  while (size < bytes) {
    const auto step = static_cast<unsigned>(std::min<size_t>(bytes - size, 1 << 30));
    const int got = gzread(impl_->file, into.data() + before + size, step);
    if (got > 0) size += static_cast<size_t>(got);
    if (got == static_cast<int>(step)) continue;
    into.resize(before + size);
    int error = Z_OK;
    const std::string why = gzerror(impl_->file, &error);
    if (error == Z_ERRNO) return fail(Code::bad_input, fmt::format("cannot read {}: {}", impl_->name, why));
    if (error == Z_BUF_ERROR)
      return fail(Code::bad_input, fmt::format("{} breaks off: its gzip data has no end", impl_->name),
                  "copy the whole file again");
    if (error != Z_OK && error != Z_STREAM_END)
      return fail(Code::bad_input, fmt::format("the gzip data of {} is damaged: {}", impl_->name, why));
    is_at_end_ = true;
    return {};
  }
  return {};
}

uint64_t TextFile::position() const {
  return static_cast<uint64_t>(std::max<z_off_t>(0, gzoffset(impl_->file)));
}

}  // namespace anabranch::ingest
