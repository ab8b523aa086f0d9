#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/answer.h"
#include "tests/fuzz/case.h"
#include "tests/support/plain_engine.h"

namespace anabranch::fuzz {

/// Plain DuckDB with the generator's own values: what every view must be after a step. One thread.
class Oracle {
 public:
  explicit Oracle(const Case& of);

  /// Accepted events, in their order.
  void add_events(const std::string& stream, const std::vector<Event>& events);
  int64_t event_count(const std::string& stream) const { return counts_.at(stream); }
  /// What views see from now on: fields that came with events so far, and versions of tables.
  void pin_fields();
  bool is_visible(const std::string& stream, const std::string& field) {
    return visible_[stream].contains(field);
  }
  void pin_table(const std::string& table, size_t version);
  /// bad_sql: plain DuckDB does not take one of them.
  Status set_views(const std::vector<View>& views);

  Answer ask(const std::string& view, bool is_as_text);
  /// Writes rows as a Parquet file.
  Status write_parquet(const std::vector<Field>& fields, const std::vector<std::vector<Value>>& rows,
                       const io::Path& file);

 private:
  Status remake();
  Status run(const std::string& sql) { return engine_.session().run(sql); }

  const Case& case_;
  test::PlainEngine engine_;
  std::map<std::string, int64_t> counts_;
  std::map<std::string, std::set<std::string>> seen_;  // drift fields by stream
  std::map<std::string, std::set<std::string>> visible_;
  std::vector<View> views_;
};

}  // namespace anabranch::fuzz
