#pragma once
// The hand-written views of tests/equivalence/views.sql.

#include <string>
#include <vector>

#include "io/file_system.h"

namespace anabranch::test {

struct CorpusView {
  std::string name;
  std::string expected_class;
  std::string sql;
};

inline std::vector<CorpusView> read_view_corpus(const std::string& file) {
  const std::string text = io::local_file_system().read_file(file).value();
  std::vector<CorpusView> views;
  size_t at = text.find("\n-- name: ");
  while (at != std::string::npos) {
    ++at;
    const size_t end = text.find("\n", at);
    const std::string header = text.substr(at + 9, end - at - 9);
    const size_t next = text.find("\n-- name: ", end);
    const size_t space = header.find(" class: ");
    std::string sql = text.substr(end + 1, next == std::string::npos ? next : next - end - 1);
    while (!sql.empty() && (sql.back() == '\n' || sql.back() == ' ')) sql.pop_back();
    views.push_back({header.substr(0, space), header.substr(space + 8), sql});
    at = next;
  }
  return views;
}

}  // namespace anabranch::test
