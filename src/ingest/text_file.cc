#include "ingest/text_file.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "io/file_system.h"
#include "io/standard_input.h"
#include "sql/unpacked_file.h"

namespace anabranch::ingest {
namespace {

constexpr size_t piece_bytes = 1 << 20;

class PlainText final : public TextFile {
 public:
  explicit PlainText(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  Result<bool> more(std::string& out) override {
    const std::string piece = TRY(file_->read_at(at_, piece_bytes));
    at_ += piece.size();
    out += piece;
    return !piece.empty();
  }
  uint64_t position() const override { return at_; }

 private:
  std::unique_ptr<io::File> file_;
  uint64_t at_ = 0;
};

// Pieces one after the other: there is no way back.
class StandardInput final : public TextFile {
 public:
  explicit StandardInput(std::string first) : first_(std::move(first)) {}

  Result<bool> more(std::string& out) override {
    std::string piece = std::exchange(first_, {});
    if (piece.empty()) piece = TRY(io::read_standard_input(piece_bytes));
    at_ += piece.size();
    out += piece;
    return !piece.empty();
  }
  uint64_t position() const override { return at_; }

 private:
  std::string first_;  // what was looked at already
  uint64_t at_ = 0;
};

class GzipText final : public TextFile {
 public:
  GzipText(std::unique_ptr<TextFile> packed, TableInput input)
      : packed_(std::move(packed)), input_(std::move(input)) {
    constexpr int gzip_only = MAX_WBITS + 16;
    is_ready_ = inflateInit2(&stream_, gzip_only) == Z_OK;
  }
  ~GzipText() override {
    if (is_ready_) inflateEnd(&stream_);
  }
  GzipText(const GzipText&) = delete;
  GzipText& operator=(const GzipText&) = delete;

  Result<bool> more(std::string& out) override {
    if (!is_ready_) return fail(Code::internal, "zlib cannot start: out of memory");
    const size_t before = out.size();
    out.resize(before + piece_bytes);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = piece_bytes;
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        bytes_.clear();
        if (!TRY(packed_->more(bytes_))) {
          if (!is_between_members_)
            return wrong_at(input_, 0, 0, "the packed file breaks off", "write or fetch it again");
          break;
        }
        stream_.next_in = reinterpret_cast<Bytef*>(bytes_.data());
        stream_.avail_in = static_cast<uInt>(bytes_.size());
      }
      const int result = ::inflate(&stream_, Z_NO_FLUSH);
      is_between_members_ = result == Z_STREAM_END;
      if (result != Z_OK && result != Z_STREAM_END) {
        return wrong_at(
            input_, 0, 0,
            fmt::format("the packed file is damaged: {}", stream_.msg != nullptr ? stream_.msg : "no gzip"),
            "write or fetch it again");
      }
      if (is_between_members_) inflateReset(&stream_);
    }
    out.resize(before + piece_bytes - stream_.avail_out);
    return out.size() > before;
  }
  uint64_t position() const override { return packed_->position(); }

 private:
  std::unique_ptr<TextFile> packed_;
  TableInput input_;
  z_stream stream_{};
  std::string bytes_;
  bool is_ready_ = false;
  bool is_between_members_ = false;
};

class ZstandardText final : public TextFile {
 public:
  explicit ZstandardText(std::unique_ptr<sql::ZstandardFile> file, TableInput input)
      : file_(std::move(file)), input_(std::move(input)) {}

  Result<bool> more(std::string& out) override {
    auto read = file_->read(out, piece_bytes);
    if (!read) return wrong_at(input_, 0, 0, read.error().message, read.error().hint);
    return *read;
  }
  uint64_t position() const override { return 0; }

 private:
  std::unique_ptr<sql::ZstandardFile> file_;
  TableInput input_;
};

// What the first bytes give away; empty for what may be UTF-8.
std::string_view foreign_encoding(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return "UTF-16";
  // Letters of most languages beside zeros.
  if (text.size() >= 4 && (text[0] == 0) != (text[1] == 0) && (text[0] == 0) == (text[2] == 0) &&
      (text[1] == 0) == (text[3] == 0)) {
    return "UTF-16";
  }
  return {};
}

// Looks at the text's beginning once and passes over a byte order mark.
class CheckedText final : public TextFile {
 public:
  explicit CheckedText(std::unique_ptr<TextFile> text, TableInput input)
      : text_(std::move(text)), input_(std::move(input)) {}

  Result<bool> more(std::string& out) override {
    if (!is_first_) return text_->more(out);
    is_first_ = false;
    std::string piece;
    while (piece.size() < 4 && TRY(text_->more(piece))) {
    }
    if (const auto encoding = foreign_encoding(piece); !encoding.empty()) {
      return wrong_at(input_, 0, 0, fmt::format("the text is {} and not UTF-8", encoding),
                      fmt::format("convert it, as with iconv -f {} -t UTF-8", encoding));
    }
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    const bool is_marked = piece.starts_with(byte_order_mark);
    out.append(piece, is_marked ? byte_order_mark.size() : 0);
    if (is_marked && piece.size() == byte_order_mark.size()) return text_->more(out);
    return !piece.empty();
  }
  uint64_t position() const override { return text_->position(); }

 private:
  std::unique_ptr<TextFile> text_;
  TableInput input_;
  bool is_first_ = true;
};

}  // namespace

Result<std::unique_ptr<TextFile>> TextFile::open(const TableInput& input) {
  constexpr size_t signature_bytes = 4;
  std::unique_ptr<TextFile> text;
  std::string first;
  if (input.path == "-") {
    for (std::string piece = "…"; first.size() < signature_bytes && !piece.empty(); first += piece)
      piece = TRY(io::read_standard_input(piece_bytes));
    text = std::make_unique<StandardInput>(first);
    first.resize(std::min(first.size(), signature_bytes));
  } else {
    auto file = TRY(io::local_file_system().open(input.path, io::FileSystem::Open::read));
    first = TRY(file->read_at(0, signature_bytes));
    text = std::make_unique<PlainText>(std::move(file));
  }
  if (first == "\x28\xb5\x2f\xfd") {
    if (input.path == "-")
      return wrong_at(input, 0, 0, "Zstandard cannot be unpacked from there", "unpack it with zstd -dc");
    auto packed = sql::ZstandardFile::open(input.path);
    if (!packed) return wrong_at(input, 0, 0, packed.error().message, packed.error().hint);
    text = std::make_unique<ZstandardText>(std::move(*packed), input);
  } else if (first.starts_with("\x1f\x8b")) {
    text = std::make_unique<GzipText>(std::move(text), input);
  }
  return std::make_unique<CheckedText>(std::move(text), input);
}

Status TextWindow::grow() {
  buffer_.erase(0, at_);
  at_ = 0;
  const size_t wanted = 2 * buffer_.size();
  do {
    is_whole_ = !TRY(text_->more(buffer_));
  } while (!is_whole_ && buffer_.size() < wanted);
  return {};
}

std::unexpected<Error> wrong_at(const TableInput& input, size_t line, size_t column, std::string_view problem,
                                std::string hint) {
  std::string place = input.shown;
  if (line > 0) place += fmt::format(":{}", line);
  if (line > 0 && column > 0) place += fmt::format(":{}", column);
  return fail(Code::bad_input, fmt::format("{}: {}", place, problem), std::move(hint));
}

}  // namespace anabranch::ingest
