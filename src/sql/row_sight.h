#pragma once
// What the FROM clause of a SELECT has in sight, as the order of rows needs it.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/syntax.h"

namespace anabranch::sql {

/// ORDER BY this expression.
OrderItem order_by(Expr key);
void append(std::vector<OrderItem>& order, const std::vector<OrderItem>& keys);

/// A table or query in sight, with those of its columns that `*` must not give.
struct HiddenColumns {
  std::string alias;
  std::vector<std::string> columns;
};

struct RowSight {
  std::vector<HiddenColumns> hidden;
  std::vector<OrderItem> events;  // what orders the rows
  std::vector<OrderItem> tables;
  std::map<std::string, std::string> owners;  // visible columns, as far as they are known, lower case: alias,
                                              // or empty where several relations have one
  std::vector<std::pair<std::string, std::string>> layered;  // relations that go by schema and name

  void add_column(const std::string& alias, const std::string& column);
  /// Rows of a join go by their events, then by the rows of tables.
  std::vector<OrderItem> keys() const;
  /// `*`, `e.*`: without hidden columns.
  Expr without_hidden(const Expr& star) const;
  bool has_hidden() const;
  /// Whether a name alone is that of a whole row, which would have hidden columns in it.
  bool is_row(std::string_view name) const;
  /// COLUMNS(…) without hidden columns; nothing where that cannot be written.
  Box<Expr> columns_without_hidden(const Expr& columns) const;
  /// With the relation of each column, where it is known: an alias of the SELECT cannot be meant then.
  Expr qualified(const Expr& expr) const;
  /// `bronze.e.k` as `e.k`.
  Expr without_layers(const Expr& expr) const;
};

}  // namespace anabranch::sql
