#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/case.h"
#include "tests/fuzz/expressions.h"
#include "tests/support/plain_engine.h"

namespace anabranch::fuzz {

/// Makes views over what a project has. Each was bound by plain DuckDB, so it is a view that DuckDB takes.
class ViewGenerator {
 public:
  ViewGenerator(Random& random, const Faults& faults);

  void set_stream(const Stream& stream, bool has_drift_fields);
  void add_table(const Table& table);
  /// A new view; others can read it from now on.
  View make(const std::string& name);
  /// Nothing reads it any more.
  void remove(const std::string& name);

 private:
  using Form = View (ViewGenerator::*)();
  struct Draft;  // what is known of the view that is being made

  View linear();
  View aggregated();
  View distinct();
  View distinct_on();
  View top_of_key();
  View window_over_events();
  View united();
  View set_operation();
  View over_derived();
  View with_subquery();
  View stream_join();
  View grouping_sets();
  View pivoted();

  Source source(bool is_for_order = false);
  Source rows_of_events();
  Source of(const Relation& relation, const std::string& alias);
  void join_table(Source& source);
  bool join_nearest(Source& source, const Source& other);
  void add_columns(Source& source, const Source& other, std::optional<size_t> left_out);
  void unnest(Source& source);
  const Relation* pick_relation(const std::function<bool(const Relation&)>& is_wanted);
  std::string alias_for(size_t index, const Source& source, std::set<std::string>& taken);
  void add_where(View& view, Expressions& expressions, const Source& source);
  void add_items(View& view, Expressions& expressions, const Source& source, std::vector<Expr> exprs);
  void show_order(View& view);
  void note_order(const Expressions& expressions, const Source& source);
  View aggregate_over(const Source& source);
  bool add_unnest(View& view, Expressions& expressions, const Source& source);
  View linear_over(const Source& source, bool may_be_limited);
  /// As it is, or with every column's relation where an alias of this view would hide one of its columns.
  Sql unhidden(const Sql& sql, const Source& source);
  static Sql without_failed(const Source& from, const std::string& where);
  bool register_view(View& view);
  std::string new_alias(const char* stem);

  Random& random_;
  const Faults faults_;
  test::PlainEngine engine_;
  std::map<std::string, Relation> relations_;
  std::set<std::string> coming_;  // fields that no event had yet, in lower case: a star would have them twice
  // Of the view that is being made.
  std::string name_;
  std::set<std::string> used_;
  std::set<std::string> can_overflow_, can_overflow_early_;  // views, also those above others that can
  std::set<std::string> reads_;
  bool depends_on_order_ = false;
  bool is_risky_ = false;
  std::string order_obstacle_;
  Relation::Shape shape_ = Relation::Shape::groups;
  std::vector<std::pair<std::string, Expr>> outputs_;  // by name without quotes
  int aliases_ = 0;
};

}  // namespace anabranch::fuzz
