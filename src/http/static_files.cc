#include "http/static_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <zlib.h>

#include "base/crc32c.h"
#include "http/problem.h"

namespace anabranch::http {
namespace {

constexpr std::string_view content_security_policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors "
    "'none'; "
    "base-uri 'self'";

bool is_under(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// Calls `each` with the parts of a comma-separated header value, without the space around them.
template <typename Each>
void for_each_part(std::string_view value, Each each) {
  while (!value.empty()) {
    const size_t end = std::min(value.find(','), value.size());
    std::string_view part = value.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    each(part);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
}

bool takes_gzip(const Headers& headers) {
  bool takes = false;
  for_each_part(headers.get("Accept-Encoding"), [&](std::string_view part) {
    const std::string_view name = part.substr(0, part.find_first_of("; "));
    const size_t quality = part.find("q=");
    const bool is_refused = quality != part.npos && part.find_first_not_of("0.", quality + 2) == part.npos;
    if ((equal_ignoring_case(name, "gzip") || name == "*") && !is_refused) takes = true;
  });
  return takes;
}

// Weak comparison, as RFC 9110 13.1.2 asks: W/ in front does not matter.
bool is_etag_among(std::string_view etag, std::string_view value) {
  bool is_among = false;
  for_each_part(value, [&](std::string_view part) {
    if (part.starts_with("W/")) part.remove_prefix(2);
    if (part == etag || part == "*") is_among = true;
  });
  return is_among;
}

Result<std::string> gunzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return fail(Code::internal, "zlib does not start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string text;
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    char chunk[64 << 10];
    stream.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.avail_out = sizeof(chunk);
    outcome = inflate(&stream, Z_NO_FLUSH);
    text.append(chunk, sizeof(chunk) - stream.avail_out);
  }
  inflateEnd(&stream);
  if (outcome != Z_STREAM_END)
    return fail(Code::corrupt, "an embedded file is not the gzip that it should be");
  return text;
}

}  // namespace

StaticFiles::StaticFiles(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files) {
    entries_.push_back({file, fmt::format("{:08x}-{:x}", crc32c(file.bytes), file.bytes.size())});
  }
  std::ranges::sort(entries_, {}, [](const Entry& entry) { return entry.file.path; });
}

const StaticFiles::Entry* StaticFiles::find(std::string_view path) const {
  const auto found =
      std::ranges::lower_bound(entries_, path, {}, [](const Entry& entry) { return entry.file.path; });
  return found != entries_.end() && found->file.path == path ? &*found : nullptr;
}

Response StaticFiles::serve(const Request& request) const {
  const Entry* entry = find(request.path);
  if (!entry && !is_under(request.path, "/v1") && !is_under(request.path, "/assets"))
    entry = find("/index.html");
  if (!entry) {
    return problem({Code::not_found, fmt::format("there is no {} {}", request.method, request.path),
                    "docs/api.md lists what there is", std::nullopt});
  }

  const bool is_plain = entry->file.gzip && !takes_gzip(request.headers);
  const std::string etag = fmt::format("\"{}{}\"", entry->etag, is_plain ? "-plain" : "");
  Response response;
  response.content_type = entry->file.content_type;
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", is_under(entry->file.path, "/assets")
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  if (entry->file.gzip) response.headers.add("Vary", "Accept-Encoding");
  response.headers.add("Content-Security-Policy", std::string(content_security_policy));
  response.headers.add("Referrer-Policy", "same-origin");
  if (is_etag_among(etag, request.headers.get("If-None-Match"))) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  if (is_plain) {
    auto text = gunzip(entry->file.bytes);
    if (!text) return problem(text.error());
    response.body = std::move(*text);
    return response;
  }
  if (entry->file.gzip) response.headers.add("Content-Encoding", "gzip");
  response.lasting_body = entry->file.bytes;
  return response;
}

}  // namespace anabranch::http
