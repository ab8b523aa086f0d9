#include "views/unpivoted.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/join.h"
#include "sql/unpivot.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;
using sql::TableRef;

namespace {

// What becomes one row: its values, and what it is called.
struct Entry {
  std::vector<Expr> values;
  std::string name;
};

// Whether COLUMNS(…) or `*` is in it: one entry for each of its columns.
const Expr* several_columns(const Expr& expr) {
  const Expr* found = nullptr;
  sql::visit_expr(expr, [&](const Expr& node) {
    if (!found && (node.is("columns") || node.kind == Expr::Kind::star)) found = &node;
    return !found;
  });
  return found;
}

// One UNPIVOT. Names are compared as the engine does; where this differs from what its binder says, the
// comparison of both finds it.
class Unpivot {
 public:
  Unpivot(const Expr& unpivot, sql::Session& session)
      : unpivot_(unpivot), query_(*unpivot.query), session_(session) {}

  std::optional<Select> meaning() {
    const auto columns = columns_of(star());
    if (!columns) return std::nullopt;
    for (const auto& column : *columns) {
      if (!columns_.emplace(sql::lower(column.name), column.name).second) return std::nullopt;
    }
    for (const Expr& item : query_.items) {
      if (!add(item)) return std::nullopt;
    }
    const size_t width = unpivot_.path.size() - 1;
    const bool is_even = std::all_of(entries_.begin(), entries_.end(),
                                     [&](const Entry& entry) { return entry.values.size() == width; });
    if (!is_even || entries_.empty()) return std::nullopt;
    std::vector<std::string> kept;
    for (const auto& column : *columns) {
      if (!is_taken(column.name)) kept.push_back(column.name);
    }
    return rows_without_nulls(unnested(lists(kept, width), kept, width), kept);
  }

 private:
  static Expr star() {
    Expr all;
    all.kind = Expr::Kind::star;
    return all;
  }

  std::optional<std::vector<model::RelationColumn>> columns_of(const Expr& item) {
    Select alone;
    alone.items = {item};
    alone.from = query_.from;
    auto columns = session_.describe(sql::to_sql(alone));
    if (!columns) return std::nullopt;
    return std::move(*columns);
  }

  bool is_taken(const std::string& name) const {
    return std::any_of(taken_.begin(), taken_.end(),
                       [&](const std::string& other) { return sql::same_name(name, other); });
  }

  bool add(const Expr& item) {
    const Expr* several = several_columns(item);
    if (!several) {
      Entry entry;
      return add_values(item, entry) && finish(std::move(entry), item.alias);
    }
    const Expr pattern = *several;
    const auto names = columns_of(pattern);
    if (!names || !pattern.replace.empty() || !pattern.rename.empty()) return false;
    for (const auto& column : *names) {
      Expr one = sql::rewrite(item, [&](const Expr& node) -> Box<Expr> {
        if (!sql::same_expr(node, pattern)) return {};
        return sql::column(column.name);
      });
      Entry entry;
      if (!add_value(std::move(one), entry) || !finish(std::move(entry), item.alias)) return false;
    }
    return true;
  }

  // Each child of (a, b) is a value of its own.
  bool add_values(const Expr& item, Entry& entry) {
    if (item.kind != Expr::Kind::call || item.name != "row") return add_value(item, entry);
    return std::all_of(item.children.begin(), item.children.end(),
                       [&](const Expr& child) { return add_values(child, entry); });
  }

  // A constant is the name of a column.
  static std::optional<std::string> constant_name(const Expr& value) {
    if (value.kind != Expr::Kind::constant) return std::nullopt;
    const bool is_number = value.text.find_first_not_of("0123456789") == std::string::npos;
    if (is_number) return value.text;
    if (value.text.size() < 3 || !value.text.starts_with('\'')) return std::nullopt;
    std::string name;
    for (size_t i = 1; i + 1 < value.text.size(); ++i) {
      name += value.text[i];
      if (value.text[i] == '\'') ++i;  // it stands there twice
    }
    return name;
  }

  // The value is computed of one column, after which it is called.
  bool add_value(Expr value, Entry& entry) {
    if (auto name = constant_name(value)) value = sql::column(std::move(*name));
    std::vector<std::string> names;
    bool is_plain = true;
    sql::visit_expr(value, [&](const Expr& node) {
      is_plain = is_plain && !node.query && node.kind != Expr::Kind::star && !node.is("lambda");
      if (node.kind == Expr::Kind::column) names.push_back(node.path.back());
      return true;
    });
    if (!is_plain || names.size() != 1) return false;
    const auto column = columns_.find(sql::lower(names[0]));
    if (column == columns_.end()) return false;
    taken_.push_back(column->second);
    append_item(entry.name, column->second, "_");
    value.alias.clear();
    entry.values.push_back(std::move(value));
    return true;
  }

  bool finish(Entry entry, const std::string& alias) {
    if (!alias.empty()) entry.name = alias;
    entries_.push_back(std::move(entry));
    return true;
  }

  // A name that is not one of the columns.
  std::string unused(std::string name) const {
    while (columns_.contains(name)) name += "_";
    return name;
  }
  std::string names_list() const { return unused("unpivot_names"); }
  std::string values_list(size_t index) const { return unused(fmt::format("unpivot_list_{}", index)); }

  // The columns that stay, a list of the names and for each column of values a list.
  Select lists(const std::vector<std::string>& kept, size_t width) const {
    Select out;
    for (const std::string& name : kept) out.items.push_back(sql::column(name));
    std::vector<Expr> names(entries_.size());
    for (size_t i = 0; i < names.size(); ++i) names[i].text = sql::quote_literal(entries_[i].name);
    out.items.push_back(sql::call("list_value", std::move(names)));
    out.items.back().alias = names_list();
    for (size_t i = 0; i < width; ++i) {
      std::vector<Expr> values;
      for (const Entry& entry : entries_) values.push_back(entry.values[i]);
      out.items.push_back(sql::call("unpivot_list", std::move(values)));
      out.items.back().alias = values_list(i);
    }
    out.from = query_.from;
    return out;
  }

  Select unnested(Select lists, const std::vector<std::string>& kept, size_t width) const {
    Select out;
    for (const std::string& name : kept) out.items.push_back(sql::column(name));
    const auto add_list = [&](std::string list, const std::string& name) {
      out.items.push_back(sql::call("unnest", {sql::column(std::move(list))}));
      out.items.back().alias = name;
    };
    add_list(names_list(), unpivot_.path[0]);
    for (size_t i = 0; i < width; ++i) add_list(values_list(i), unpivot_.path[i + 1]);
    out.from = sql::subquery_table(std::move(lists), "unpivot");
    return out;
  }

  std::optional<Select> rows_without_nulls(Select rows, const std::vector<std::string>& kept) const {
    if (!unpivot_.text.empty()) return rows;
    std::vector<std::string> all = kept;
    all.insert(all.end(), unpivot_.path.begin(), unpivot_.path.end());
    for (size_t i = 0; i < all.size(); ++i) {  // the condition would be of another one
      for (size_t j = 0; j < i; ++j) {
        if (sql::same_name(all[i], all[j])) return std::nullopt;
      }
    }
    Select out;
    for (const std::string& name : all) out.items.push_back(sql::column(name));
    Expr condition;
    for (size_t i = 1; i < unpivot_.path.size(); ++i) {
      Expr is_there;
      is_there.kind = Expr::Kind::other;
      is_there.name = "is_not_null";
      is_there.children = {sql::column(unpivot_.path[i])};
      if (i == 1) {
        condition = std::move(is_there);
        continue;
      }
      Expr both;
      both.kind = Expr::Kind::other;
      both.name = "and";
      both.children = {std::move(condition), std::move(is_there)};
      condition = std::move(both);
    }
    out.where = std::move(condition);
    out.from = sql::subquery_table(std::move(rows), "__unnamed_pivot");
    return out;
  }

  const Expr& unpivot_;
  const Select& query_;
  sql::Session& session_;
  std::map<std::string, std::string> columns_;  // lower case: as the rows have it
  std::vector<std::string> taken_;
  std::vector<Entry> entries_;
};

class Replacement {
 public:
  explicit Replacement(sql::Session& session) : session_(session) {}

  void in(Select& select) {
    sql::for_each_query(select, [&](Select& inner) { in(inner); });
    in(select.from);
  }

  bool is_changed = false;

 private:
  void in(TableRef& table) {
    if (table.kind == TableRef::Kind::join) {
      in(*table.left);
      in(*table.right);
    }
    if (!sql::is_unpivot(table)) return;
    // An alias of columns is taken first for those of values, then for those that come first.
    if (!table.column_aliases.empty()) return;
    auto meaning = Unpivot(*table.function, session_).meaning();
    if (!meaning) return;
    TableRef derived =
        sql::subquery_table(std::move(*meaning), table.alias.empty() ? "__unnamed_pivot" : table.alias);
    derived.position = table.position;
    if (!is_same(table, derived)) return;
    table = std::move(derived);
    is_changed = true;
  }

  bool is_same(const TableRef& written, const TableRef& derived) {
    const auto all = [](const TableRef& table) { return "SELECT * FROM " + sql::to_sql(table); };
    const auto before = session_.describe(all(written));
    const auto after = session_.describe(all(derived));
    if (!before || !after || *before != *after) return false;
    const auto difference = session_.bound_difference(all(written), all(derived));
    return difference && !*difference;
  }

  sql::Session& session_;
};

}  // namespace

std::optional<Select> without_unpivots(const Select& select, sql::Session& session) {
  Select out = select;
  Replacement replacement(session);
  replacement.in(out);
  if (!replacement.is_changed) return std::nullopt;
  return out;
}

}  // namespace anabranch::views
