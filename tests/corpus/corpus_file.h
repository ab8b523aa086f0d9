#pragma once
// Views of the corpus as its files hold them. Each begins with a line
//   -- name: <name> class: <class> [construct: <text>] [today: <class>] [known: <what is wrong with it>]
// `class` is the one that is wanted, `today` the one that the compiler gives instead, until it gives the
// wanted one; `known` marks a view that is refused or gives other rows than plain DuckDB.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/file_system.h"

namespace anabranch::test {

struct CorpusEntry {
  std::string name;
  std::string view_class;
  std::string construct;
  std::string today;
  std::string known;
  std::string sql;
};

inline std::string corpus_field(const std::string& header, const std::string& key) {
  const size_t begin = header.find(key + ": ");
  if (begin == std::string::npos) return "";
  size_t end = header.size();
  for (const char* next : {" class: ", " construct: ", " today: ", " known: "})
    end = std::min(end, header.find(next, begin));
  const size_t value = begin + key.size() + 2;
  return header.substr(value, end - value);
}

inline std::vector<CorpusEntry> read_corpus_file(const io::Path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream) << file;
  std::vector<CorpusEntry> entries;
  std::string line;
  while (std::getline(stream, line)) {
    if (line.starts_with("-- name: ")) {
      entries.push_back({corpus_field(line, "name"), corpus_field(line, "class"),
                         corpus_field(line, "construct"), corpus_field(line, "today"),
                         corpus_field(line, "known"), ""});
    } else if (!entries.empty()) {
      entries.back().sql += line + "\n";
    }
  }
  for (CorpusEntry& entry : entries) {
    while (!entry.sql.empty() && (entry.sql.back() == '\n' || entry.sql.back() == ' ')) entry.sql.pop_back();
    EXPECT_FALSE(entry.view_class.empty()) << entry.name << " has no class";
  }
  return entries;
}

/// Names of the files of a folder of the corpus, without ".sql", sorted.
inline std::vector<std::string> corpus_files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(io::Path(ANABRANCH_SOURCE) / "tests" / folder)) {
    if (file.path().extension() == ".sql") names.push_back(file.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline bool is_maintained_class(const std::string& view_class) {
  return view_class != "read_time" && view_class != "merged" && view_class != "refused";
}

}  // namespace anabranch::test
