#include "http/static_files.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace anabranch::http {
namespace {

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

class Static : public ::testing::Test {
 protected:
  Response get(std::string path, std::string accept_encoding = {}, std::string if_none_match = {}) {
    Request request;
    request.method = "GET";
    request.path = std::move(path);
    if (!accept_encoding.empty()) request.headers.add("accept-encoding", accept_encoding);
    if (!if_none_match.empty()) request.headers.add("if-none-match", if_none_match);
    return files_.serve(request);
  }
  static std::string bytes(const Response& response) {
    return response.body.empty() ? std::string(response.lasting_body) : response.body;
  }

  const std::string script_ = std::string(1000, 'x');
  const std::string script_gzip_ = gzipped(script_);
  const std::vector<EmbeddedFile> table_ = {
      {"/index.html", "text/html; charset=utf-8", "<page>", false},
      {"/assets/app-1a2b.js", "text/javascript", script_gzip_, true},
  };
  const StaticFiles files_{table_};
};

TEST_F(Static, PageIsAskedForAgainAndAssetsAreKept) {
  const Response page = get("/index.html");
  EXPECT_EQ(bytes(page), "<page>");
  EXPECT_EQ(page.headers.get("Cache-Control"), "no-cache");
  EXPECT_EQ(get("/assets/app-1a2b.js").headers.get("Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(Static, ForbidsForeignScripts) {
  const Response page = get("/");
  EXPECT_TRUE(page.headers.get("Content-Security-Policy").starts_with("default-src 'self'; "));
  EXPECT_EQ(page.headers.get("Referrer-Policy"), "same-origin");
}

TEST_F(Static, AddressesOfThePageGiveThePage) {
  EXPECT_EQ(bytes(get("/views/gold.delay_by_carrier")), "<page>");
  EXPECT_EQ(bytes(get("/v1x")), "<page>");
  EXPECT_EQ(get("/v1/missing").status, 404);
  EXPECT_EQ(get("/assets/old.js").status, 404);
}

TEST_F(Static, CompressesOnlyForThoseWhoTakeIt) {
  const Response compressed = get("/assets/app-1a2b.js", "br, gzip;q=0.8");
  EXPECT_EQ(compressed.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(bytes(compressed), script_gzip_);
  for (const char* encodings : {"", "br", "gzip;q=0", "gzip; q=0.0"}) {
    const Response plain = get("/assets/app-1a2b.js", encodings);
    EXPECT_EQ(plain.headers.get("Content-Encoding"), "") << encodings;
    EXPECT_EQ(bytes(plain), script_);
    EXPECT_NE(plain.headers.get("ETag"), compressed.headers.get("ETag"));
  }
}

TEST_F(Static, KnownEtagIs304) {
  const std::string etag(get("/index.html").headers.get("ETag"));
  for (const std::string& value : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const Response response = get("/index.html", {}, value);
    EXPECT_EQ(response.status, 304) << value;
    EXPECT_EQ(bytes(response), "");
    EXPECT_EQ(response.headers.get("ETag"), etag);
  }
  EXPECT_EQ(get("/index.html", {}, "\"other\"").status, 200);
}

}  // namespace
}  // namespace anabranch::http
