#include "ingest/gzip.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

namespace anabranch::ingest {
namespace {

std::string packed(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr int gzip = MAX_WBITS + 16;
constexpr int zlib = MAX_WBITS;

TEST(Gzip, UnpacksWhatWasPacked) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{16 * 1024}, size_t{16 * 1024 + 1}, size_t{1'000'000}}) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i * i % 23);
    EXPECT_EQ(inflate(packed(text, gzip), size).value(), text);
    EXPECT_EQ(inflate(packed(text, zlib), size + 1).value(), text);
  }
  EXPECT_EQ(inflate(packed("one ", gzip) + packed("two", gzip), 100).value(), "one two");
}

TEST(Gzip, StopsAtTheLimit) {
  const std::string bomb = packed(std::string(10'000'000, 'x'), gzip);
  EXPECT_LT(bomb.size(), 20'000u);
  EXPECT_EQ(inflate(bomb, 9'999'999).error().code, Code::too_large);
  EXPECT_EQ(inflate(bomb, 0).error().code, Code::too_large);
}

TEST(Gzip, SaysWhatIsWrong) {
  const std::string whole = packed("some text that is packed", gzip);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(inflate(std::string_view(whole).substr(0, bytes), 1000).error().code, Code::bad_input) << bytes;
  }
  EXPECT_EQ(inflate("plain text", 1000).error().code, Code::bad_input);
  EXPECT_EQ(inflate(whole + "rubbish", 1000).error().code, Code::bad_input);
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 0x10;
  EXPECT_EQ(inflate(damaged, 1000).error().code, Code::bad_input);
}

}  // namespace
}  // namespace anabranch::ingest
