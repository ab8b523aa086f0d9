#pragma once
// The web page: files that are part of the program. embed.py makes the table of them from a folder.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace anabranch::http {

struct EmbeddedFile {
  std::string_view path;  // begins with "/"
  std::string_view content_type;
  std::string_view bytes;  // live as long as the program
  bool gzip = false;       // bytes are compressed
};

/// Answers GET and HEAD with embedded files: ETag and 304, caching for ever under /assets/ (their names carry
/// a hash of their content) and never without asking elsewhere, headers that forbid foreign scripts. A path
/// that names no file gives /index.html, since the page has addresses of its own, but 404 under /v1/ and
/// /assets/. Any thread may call.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const EmbeddedFile> files);
  Response serve(const Request& request) const;

 private:
  struct Entry {
    EmbeddedFile file;
    std::string etag;
  };
  const Entry* find(std::string_view path) const;

  std::vector<Entry> entries_;  // by path
};

}  // namespace anabranch::http
