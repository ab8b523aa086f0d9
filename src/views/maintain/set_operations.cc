#include "views/maintain/set_operations.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/join.h"
#include "base/mistake.h"
#include "views/functions.h"

namespace anabranch::views {

using sql::Expr;
using sql::Select;

namespace {

constexpr std::string_view by_name = " BY NAME";
constexpr std::string_view taken = "SELECT * FROM anabranch.states";

// "UNION ALL" of "UNION ALL BY NAME".
std::string_view operation_of(const Select& select) {
  std::string_view name = select.set_operation;
  if (name.ends_with(by_name)) name.remove_suffix(by_name.size());
  return name;
}

// Values of these types may be equal and look different: -0.0 and 0.0, a month and 30 days.
bool has_several_forms(const std::string& type) {
  for (const char* name : {"DOUBLE", "FLOAT", "INTERVAL", "TIME WITH TIME ZONE"}) {
    if (type.find(name) != std::string::npos) return true;
  }
  return false;
}

class SetOperation {
 public:
  SetOperation(const Select& select, const SetParts& parts, sql::Session& session, Plan& plan)
      : select_(select), parts_(parts), session_(session), plan_(plan) {}

  void run() {
    if (!collect(select_)) return;
    if (!is_set_of_values(select_)) return rows();
    groups();
  }

 private:
  void refuse(std::string reason) { plan_.reasons.push_back({select_.set_operation, std::move(reason), {}}); }

  bool collect(const Select& select) {
    for (const Select& operand : select.operands) {
      if (!operand.set_operation.empty()) {
        if (!collect(operand)) return false;
        continue;
      }
      auto part = parts_(operand);
      if (!part) {
        refuse("not all of its parts are kept by their rows: it is computed from what they give");
        return false;
      }
      leaves_.push_back(std::move(*part));
    }
    return true;
  }

  // The columns of a part with the types of the whole; nothing where that may fail for a value.
  std::optional<std::string> values(const Relation& relation) const {
    const bool is_by_name = select_.set_operation.ends_with(by_name);
    if (!is_by_name && relation.columns.size() != plan_.columns.size()) return std::nullopt;
    std::string casts;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      const std::string* source = is_by_name ? nullptr : &relation.columns[i].name;
      for (const auto& column : relation.columns) {
        if (is_by_name && sql::same_name(column.name, plan_.columns[i].name)) source = &column.name;
      }
      casts += fmt::format("{}CAST({} AS {}) AS c{}", i ? ", " : "",
                           source ? sql::quote_identifier(*source) : "NULL", plan_.columns[i].type, i);
    }
    const auto facts = session_.facts(fmt::format("SELECT {} FROM {}", casts, sql::relation(relation.name)));
    const auto fails = [](const auto& fact) { return fact.can_fail; };
    if (!facts || std::any_of(facts->items.begin(), facts->items.end(), fails)) return std::nullopt;
    return casts;
  }

  // An event that fails in one part is left out whole, so out of the other parts of its stream too.
  std::string source(size_t leaf) const {
    const SetPart& part = leaves_[leaf];
    std::string condition;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      const StatePart* errors = leaves_[i].plan.part(errors_part);
      if (i == leaf || !errors || leaves_[i].plan.streams != part.plan.streams) continue;
      condition += fmt::format(
          "{}NOT EXISTS (SELECT 1 FROM ({}) AS failed WHERE failed._partition = part.{} AND failed._offset = "
          "part.{})",
          condition.empty() ? " WHERE " : " AND ", errors->partial,
          sql::quote_identifier(row_partition_column), sql::quote_identifier(row_offset_column));
    }
    return fmt::format("{} AS part{}", sql::relation(part.relation.name), condition);
  }

  // ---- UNION ALL: several sources of one set of rows ----

  // The place of the source becomes the last part of the order.
  void rows() {
    if (!is_plain_set_operation(select_)) return refuse("its order is computed when the view is read");
    std::string rows;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      const Relation& relation = leaves_[i].relation;
      const model::RelationColumn* order = relation.hidden(order_column);
      if (!order || order->type != "BIGINT")
        return refuse("the order of a part cannot be told together with that of the others");
      const auto casts = values(relation);
      if (!casts) return refuse("a value of a part may not be one of the whole's type");
      if (i > 0 && is_planted("a part of UNION ALL is lost")) continue;
      append_item(
          rows,
          fmt::format("SELECT {}, {}::HUGEINT * {} + {} AS _ord, {} AS _partition, {} AS _offset FROM {}",
                      *casts, sql::quote_identifier(order_column), leaves_.size(), i,
                      sql::quote_identifier(row_partition_column), sql::quote_identifier(row_offset_column),
                      source(i)),
          " UNION ALL ");
    }
    StatePart main;
    main.name = "main";
    std::string values;
    std::string outputs;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      values += fmt::format("c{}, ", i);
      outputs += fmt::format("{}c{} AS {}", i ? ", " : "", i, sql::quote_identifier(plan_.columns[i].name));
    }
    main.partial = fmt::format("SELECT {}_ord FROM anabranch.rows", values);
    main.merge = taken;
    main.is_combining = false;
    const auto columns = session_.describe(partial_query(plan_, main, {}, rows));
    if (!columns) return refuse("the engine does not take its parts together");
    main.columns = *columns;
    plan_.rows = rows;
    plan_.finalise = fmt::format("SELECT {} FROM anabranch.main", outputs);
    plan_.inlined =
        fmt::format("SELECT {}, _ord AS {}, _partition AS {}, _offset AS {} FROM anabranch.rows", outputs,
                    sql::quote_identifier(order_column), sql::quote_identifier(row_partition_column),
                    sql::quote_identifier(row_offset_column));
    plan_.has_table_order = true;
    plan_.parts.push_back(std::move(main));
    plan_.order = {{{std::string(order_column)}, ""}};
    plan_.view_class = ViewClass::linear;
  }

  // ---- all others: groups ----

  // How often a row is there, over the numbers of times that the parts have it. Takes the leaves in order.
  std::string count_of(const Select& select, size_t& leaf) const {
    std::string count;
    for (const Select& operand : select.operands) {
      const std::string next =
          operand.set_operation.empty() ? fmt::format("s{}", leaf++) : count_of(operand, leaf);
      if (count.empty()) {
        count = next;
        continue;
      }
      const std::string_view operation = operation_of(select);
      if (operation == "UNION ALL") count = fmt::format("({} + {})", count, next);
      if (operation == "UNION") count = fmt::format("CAST({} + {} > 0 AS BIGINT)", count, next);
      if (operation == "INTERSECT") count = fmt::format("CAST({} > 0 AND {} > 0 AS BIGINT)", count, next);
      if (operation == "INTERSECT ALL") count = fmt::format("least({}, {})", count, next);
      if (operation == "EXCEPT") count = fmt::format("CAST({} > 0 AND {} = 0 AS BIGINT)", count, next);
      if (operation == "EXCEPT ALL") count = fmt::format("greatest({} - {}, 0)", count, next);
    }
    return count;
  }

  // Whether a row is there, over whether the parts have it.
  std::string presence_of(const Select& select, size_t& leaf) const {
    std::string presence;
    for (const Select& operand : select.operands) {
      const std::string next =
          operand.set_operation.empty() ? fmt::format("s{}", leaf++) : presence_of(operand, leaf);
      const std::string_view operation = operation_of(select);
      std::string_view word = operation == "INTERSECT" ? "AND" : "AND NOT";
      const bool takes_nothing = operation == "EXCEPT" && is_planted("EXCEPT takes nothing away");
      if (operation.starts_with("UNION") || takes_nothing) word = "OR";
      presence = presence.empty() ? next : fmt::format("({} {} {})", presence, word, next);
    }
    return presence;
  }

  static bool is_union(const Select& select) {
    return select.set_operation.starts_with("UNION") &&
           std::all_of(select.operands.begin(), select.operands.end(), [](const Select& operand) {
             return operand.set_operation.empty() || is_union(operand);
           });
  }

  void groups() {
    for (const auto* limit : {&select_.limit, &select_.offset}) {
      if (*limit && ((*limit)->kind != Expr::Kind::constant || select_.is_limit_percent))
        return refuse("its LIMIT is computed when the view is read");
    }
    const auto order = order_by_place(select_, plan_.columns, session_);
    if (!order) return refuse("its order is computed when the view is read");
    const bool has_counts = counts_rows(select_);
    const bool has_states = !is_union(select_);
    std::string rows;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      const auto casts = values(leaves_[i].relation);
      if (!casts) return refuse("a value of a part may not be one of the whole's type");
      rows += fmt::format("{}SELECT {}{} FROM {}", i ? " UNION ALL " : "", *casts,
                          has_states ? fmt::format(", {} AS place", i) : "", source(i));
    }
    StatePart main;
    main.name = "main";
    main.partial = main.merge = "SELECT ";
    std::string keys;
    std::vector<std::string> shown;
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      main.keys.push_back(fmt::format("k{}", i));
      main.partial += fmt::format("{}c{} AS k{}", i ? ", " : "", i, i);
      keys += fmt::format("{}k{}", i ? ", " : "", i);
      shown.push_back(main.keys.back());
    }
    main.merge += keys;
    for (size_t i = 0; i < leaves_.size() && has_states; ++i) {
      if (has_counts) {
        main.partial += fmt::format(", count(*) FILTER (WHERE place = {0}) AS s{0}", i);
        main.merge += fmt::format(", coalesce(sum(s{0}), 0)::BIGINT AS s{0}", i);
      } else {
        main.partial += fmt::format(", bool_or(place = {0}) AS s{0}", i);
        main.merge += fmt::format(", bool_or(s{0}) AS s{0}", i);
      }
    }
    add_forms(main, shown, has_states);
    main.partial += " FROM anabranch.rows GROUP BY ALL";
    main.merge += " FROM anabranch.states GROUP BY " + keys;
    plan_.rows = rows;
    if (!type(main)) {
      plan_.rows.clear();
      return refuse("the engine does not take its parts together");
    }
    plan_.parts.push_back(std::move(main));
    plan_.view_class = ViewClass::distributive;
    finalise(shown, *order, has_states, has_counts);
  }

  // The form of the first part that has the value, as INTERSECT and EXCEPT give it.
  void add_forms(StatePart& main, std::vector<std::string>& shown, bool has_states) const {
    bool has_first = false;
    for (size_t i = 0; i < plan_.columns.size() && has_states; ++i) {
      if (!has_several_forms(plan_.columns[i].type)) continue;
      main.partial += fmt::format(", arg_min(struct_pack(v := c{0}), place) AS f{0}", i);
      main.merge += fmt::format(", arg_min(f{0}, first_place) AS f{0}", i);
      shown[i] = fmt::format("struct_extract(f{}, 'v')", i);
      has_first = true;
    }
    if (!has_first) return;
    main.partial += ", min(place) AS first_place";
    main.merge += ", min(first_place) AS first_place";
  }

  bool type(StatePart& main) {
    const auto columns = session_.describe(partial_query(plan_, main, {}, plan_.rows));
    if (!columns) return false;
    main.columns = *columns;
    std::string nulls;
    for (const auto& column : main.columns)
      append_item(nulls, fmt::format("NULL::{} AS {}", column.type, column.name));
    const auto merged = session_.describe(merge_query(main, "SELECT " + nulls));
    return merged && *merged == main.columns;
  }

  void finalise(const std::vector<std::string>& shown, const std::vector<sql::OrderItem>& order,
                bool has_states, bool has_counts) {
    size_t leaf = 0;
    std::string from = " FROM anabranch.main";
    std::string again;
    if (has_counts) {
      const std::string count = count_of(select_, leaf);
      again = fmt::format(", unnest(range({})) AS again", count);
      from += fmt::format(" WHERE {} > 0", count);
    } else if (has_states) {
      from += " WHERE " + presence_of(select_, leaf);
    }
    // By what is written, then by all columns: so DISTINCT orders its rows, too.
    std::vector<std::pair<std::string, sql::OrderItem>> by;
    for (const sql::OrderItem& item : order) {
      const size_t place = static_cast<size_t>(std::stoul(item.expr->text)) - 1;
      by.emplace_back(fmt::format("u{}", place), item);
    }
    const size_t written = by.size();
    for (size_t i = 0; i < shown.size(); ++i) by.emplace_back(fmt::format("u{}", i), sql::OrderItem{});
    std::string columns;
    std::string names;
    for (size_t i = 0; i < shown.size(); ++i) {
      columns += fmt::format("{}{} AS u{}", i ? ", " : "", shown[i], i);
      names += fmt::format("{}u{} AS {}", i ? ", " : "", i, sql::quote_identifier(plan_.columns[i].name));
    }
    std::string tail;
    const bool is_limited = select_.limit || select_.offset;
    for (size_t i = 0; i < (is_limited ? by.size() : written); ++i) {
      sql::OrderItem item = by[i].second;
      item.expr = sql::column(by[i].first);
      tail += (i ? ", " : " ORDER BY ") + sql::to_sql(item);
    }
    if (select_.limit) tail += " LIMIT " + sql::to_sql(*select_.limit);
    if (select_.offset) tail += " OFFSET " + sql::to_sql(*select_.offset);
    const std::string rows = fmt::format("SELECT {}{}{}", columns, again, from);
    const std::string taken_rows = tail.empty() ? rows : fmt::format("SELECT * FROM ({}){}", rows, tail);
    plan_.finalise = fmt::format("SELECT {} FROM ({})", names, taken_rows);
    for (size_t i = 0; i < by.size(); ++i) {
      const std::string name = fmt::format("{}{}", order_columns_prefix, i);
      names += fmt::format(", {} AS {}", by[i].first, sql::quote_identifier(name));
      const size_t column = i < written ? std::stoul(by[i].first.substr(1)) : i - written;
      plan_.order.push_back(
          {{name, by[i].second.is_descending, by[i].second.nulls}, plan_.columns[column].type});
    }
    plan_.ordered_finalise = fmt::format("SELECT {} FROM ({})", names, taken_rows);
  }

  const Select& select_;
  const SetParts& parts_;
  sql::Session& session_;
  Plan& plan_;
  std::vector<SetPart> leaves_;
};

bool is_place(const Expr& expr, size_t columns) {
  return expr.kind == Expr::Kind::constant && !expr.text.empty() && expr.text.size() < 5 &&
         std::all_of(
             expr.text.begin(), expr.text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoul(expr.text) >= 1 && std::stoul(expr.text) <= columns;
}

}  // namespace

bool is_set_of_values(const Select& select) {
  return !select.set_operation.empty() && operation_of(select) != "UNION ALL";
}

bool counts_rows(const Select& select) {
  if (select.set_operation.empty()) return false;
  const std::string_view operation = operation_of(select);
  return operation == "INTERSECT ALL" || operation == "EXCEPT ALL" ||
         std::any_of(select.operands.begin(), select.operands.end(), counts_rows);
}

bool is_plain_set_operation(const Select& select) {
  return !select.set_operation.empty() && !select.limit && !select.offset && select.order_by.empty() &&
         !select.is_distinct && select.distinct_on.empty() && select.ctes.empty();
}

std::optional<std::vector<sql::OrderItem>> order_by_place(const Select& select,
                                                          const std::vector<model::RelationColumn>& columns,
                                                          sql::Session& session) {
  if (select.order_by.empty()) return select.order_by;
  std::vector<sql::OrderItem> places;
  for (const sql::OrderItem& item : select.order_by) {
    sql::OrderItem place = item;
    const Expr& by = *item.expr;
    const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& column) {
      return by.kind == Expr::Kind::column && by.path.size() == 1 && sql::same_name(column.name, by.path[0]);
    });
    if (found != columns.end()) {
      Expr number;
      number.kind = Expr::Kind::constant;
      number.text = std::to_string(found - columns.begin() + 1);
      place.expr = std::move(number);
    } else if (!is_place(by, columns.size())) {
      return std::nullopt;
    }
    places.push_back(std::move(place));
  }
  Select by_place = select;
  by_place.order_by = places;
  const auto difference = session.bound_difference(sql::to_sql(select), sql::to_sql(by_place));
  if (!difference || *difference) return std::nullopt;
  return places;
}

void plan_set_operation(const Select& select, const SetParts& parts, sql::Session& session, Plan& plan) {
  SetOperation(select, parts, session, plan).run();
}

}  // namespace anabranch::views
