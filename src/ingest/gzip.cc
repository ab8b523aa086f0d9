#include "ingest/gzip.h"

#include <algorithm>
#include <limits>
#include <memory>

#include <fmt/format.h>
#include <zlib.h>

namespace anabranch::ingest {
namespace {

struct End {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

std::unexpected<Error> damaged(const z_stream& stream) {
  return fail(Code::bad_input,
              fmt::format("the compressed body is damaged: {}",
                          stream.msg != nullptr ? stream.msg : "unknown format"),
              "compress it with gzip, or send it without Content-Encoding");
}

}  // namespace

Result<std::string> inflate(std::string_view packed, size_t bytes_max) {
  constexpr size_t step_bytes_min = 16 * 1024;
  constexpr int gzip_or_zlib = MAX_WBITS + 32;
  if (packed.size() > std::numeric_limits<uInt>::max()) {
    return fail(Code::too_large, fmt::format("a compressed body of {} bytes", packed.size()),
                "send smaller parts");
  }
  z_stream stream{};
  if (inflateInit2(&stream, gzip_or_zlib) != Z_OK)
    return fail(Code::internal, "zlib cannot start: out of memory");
  const std::unique_ptr<z_stream, End> guard(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // zlib only reads there
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  size_t size = 0;
  while (true) {
    if (size == out.size()) {
      // One byte more than allowed shows that there is more.
      const size_t wanted = std::min(std::max(step_bytes_min, 2 * out.size()), bytes_max + 1);
      out.resize(wanted);
    }
    const size_t room = std::min<size_t>(out.size() - size, std::numeric_limits<uInt>::max());
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(room);
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    size += room - stream.avail_out;
    if (size > bytes_max) {
      return fail(Code::too_large,
                  fmt::format("the body has more than {} bytes when it is unpacked", bytes_max),
                  "send it in smaller parts");
    }
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) break;
      // Another member may follow; anything else is damage.
      if (inflateReset(&stream) != Z_OK) return damaged(stream);
    } else if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
      return fail(Code::bad_input, "the compressed body breaks off", "send the whole body again");
    } else if (result != Z_OK) {
      return damaged(stream);
    }
  }
  out.resize(size);
  return out;
}

}  // namespace anabranch::ingest
