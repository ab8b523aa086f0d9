#include "lake/object_store.h"

#include <algorithm>

#include <fmt/format.h>

namespace anabranch::lake {

Status ObjectStore::adopt(const std::string& key, const io::Path& file) {
  constexpr uint64_t piece_bytes = 4 << 20;
  {
    const auto from = TRY(io::open_object_file(file));
    auto to = TRY(create(key));
    std::string piece;
    for (uint64_t at = 0; at < from->size(); at += piece.size()) {
      piece.resize(std::min(piece_bytes, from->size() - at));
      TRY(from->read(at, piece));
      TRY(to->append(piece));
    }
    TRY(to->finish());
  }
  return io::local_file_system().remove(file);
}

Status check_key(std::string_view key) {
  const auto is_bad_part = [](std::string_view part) { return part.empty() || part == "." || part == ".."; };
  bool is_bad = key.ends_with(".tmp") || key.find('\0') != std::string_view::npos;
  for (size_t begin = 0; begin <= key.size() && !is_bad;) {
    const size_t end = std::min(key.find('/', begin), key.size());
    is_bad = is_bad_part(key.substr(begin, end - begin));
    begin = end + 1;
  }
  if (!is_bad) return {};
  return fail(Code::bad_input, fmt::format("'{}' cannot name an object in the lake", key),
              "use parts with '/' between them; none may be empty, '.' or '..', and '.tmp' is no ending");
}

}  // namespace anabranch::lake
