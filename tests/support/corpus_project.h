#pragma once
// A project whose models are the hand-written views of tests/equivalence/views.sql, with random events for
// it.

#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/file_system.h"
#include "model/names.h"
#include "tests/support/view_corpus.h"

namespace anabranch::test {

inline void write_text(const io::Path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

/// The model of a view: "gold.daily" → models/gold/daily.sql.
inline void write_model(const io::Path& folder, const std::string& view, const std::string& sql) {
  const auto name = model::RelationName::of(view);
  write_text(folder / "models" / name.layer / (name.name + ".sql"), sql + "\n");
}

/// dim.csv in its n-th state: a copy of the next one changes what joins give.
inline void write_dim(const io::Path& folder, int state) {
  std::string rows = "k,name,weight\n";
  if (state % 3 == 0) rows += "a,alpha,1.5\nb,beta,2.5\nb,bravo,0.25\nc,gamma,-1\n,null,9\n";
  if (state % 3 == 1) rows += "a,alef,7\nb,beta,2.5\nd,delta,4\n";
  if (state % 3 == 2) rows += "b,bravo,0.25\nb,beta,2.5\nb,bet,1\nc,gimel,0\n";
  write_text(folder / "data" / "dim.csv", rows);
}

inline std::vector<CorpusView> write_corpus_project(const io::Path& folder, const std::string& corpus_file) {
  write_text(folder / "anabranch.yml", "name: corpus\n");
  write_text(folder / "streams" / "events.yml",
             "fields:\n"
             "  - {name: id, type: bigint, required: true}\n"
             "  - {name: k, type: varchar}\n"
             "  - {name: g, type: integer}\n"
             "  - {name: x, type: integer}\n"
             "  - {name: y, type: double}\n"
             "  - {name: d, type: 'decimal(10,2)'}\n"
             "  - {name: flag, type: boolean}\n"
             "  - {name: ts, type: timestamp}\n"
             "  - {name: s, type: varchar}\n"
             "  - {name: tags, type: 'varchar[]'}\n"
             "on_drift: freeze\n");
  write_text(folder / "sources" / "reference.yml",
             "kind: files\n"
             "tables:\n"
             "  dim: {path: data/dim.csv, columns: {k: varchar, name: varchar, weight: double}}\n"
             "  lookup: {path: data/lookup.csv, columns: {g: integer, label: varchar}}\n");
  write_dim(folder, 0);
  write_text(folder / "data" / "lookup.csv", "g,label\n1,one\n2,two\n3,\n");
  const auto views = read_view_corpus(corpus_file);
  for (const auto& view : views) write_model(folder, view.name, view.sql);
  return views;
}

/// One event as JSON. About one in twenty is rubbish of some kind, which belongs in quarantine.
inline std::string random_event(std::mt19937_64& random, int64_t id) {
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); };
  static const char* keys[] = {"\"a\"", "\"b\"", "\"c\"", "\"d\"", "null", "\"\""};
  static const char* texts[] = {"\"1\"", "\"7\"",           "\"12\"", "\"x\"",
                                "null",  "\"99999999999\"", "\"\"",   "\" 5\""};
  static const char* doubles[] = {"1000000.125", "-0.0", "0", "null", "1e-9", "123456.789", "-17.25", "3"};
  if (pick(20) == 0) {
    static const char* rubbish[] = {"not json", "{\"k\":\"no id\"}",    "{\"id\":\"text\"}",
                                    "[1]",      "{\"id\":1,\"x\":5.5}", "{\"id\":2,\"ts\":\"2013-02-30\"}"};
    return rubbish[pick(6)];
  }
  std::string event = fmt::format("{{\"id\":{},\"k\":{},\"y\":{},\"s\":{}", id, keys[pick(6)],
                                  doubles[pick(8)], texts[pick(8)]);
  if (pick(8)) event += fmt::format(",\"g\":{}", pick(5));
  if (pick(9)) event += fmt::format(",\"x\":{}", pick(100));
  if (pick(7)) event += fmt::format(",\"d\":{}.{:02}", pick(300), pick(100));
  if (pick(6)) event += fmt::format(",\"flag\":{}", pick(2) ? "true" : "false");
  if (pick(9)) event += fmt::format(",\"ts\":\"2013-{:02}-{:02}T10:00:00\"", 1 + pick(12), 1 + pick(28));
  if (pick(3)) event += fmt::format(",\"tags\":[\"{}\",\"t{}\"]", pick(3), pick(2));
  if (pick(5) == 0) event += ",\"undeclared\":1";
  return event + "}";
}

}  // namespace anabranch::test
