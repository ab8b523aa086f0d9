#include "tests/fuzz/case.h"

#include <cctype>

#include <fmt/format.h>

#include "sql/syntax.h"

namespace anabranch::fuzz {
namespace {

const std::string& spelled(const Sql& sql, View::Spelling spelling) {
  return spelling == View::Spelling::written ? sql.written : sql.plain;
}

std::string joined(const std::vector<Sql>& parts, const char* separator, View::Spelling spelling) {
  std::string text;
  for (const Sql& part : parts) text += (text.empty() ? "" : separator) + spelled(part, spelling);
  return text;
}

std::string one_line(std::string text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out;
}

}  // namespace

std::string identifier(const std::string& name, bool is_bare) {
  static const std::set<std::string> reserved = {
      "select", "order", "group", "from", "where", "table", "limit", "offset", "union", "all",
      "end",    "case",  "in",    "is",   "not",   "null",  "on",    "using",  "rows",  "values"};
  bool is_plain =
      !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) && !reserved.contains(name);
  for (const char c : name)
    is_plain = is_plain && (std::islower(static_cast<unsigned char>(c)) ||
                            std::isdigit(static_cast<unsigned char>(c)) || c == '_');
  return is_plain && is_bare ? name : sql::quote_identifier(name);
}

std::string View::hidden_name(const std::string& relation, size_t n) {
  return sql::quote_identifier(fmt::format("zz {} {}", relation, n));
}

std::string View::sql(Spelling spelling) const {
  const bool is_plain = spelling == Spelling::plain;
  std::string text = spelled(with, spelling) + "SELECT ";
  if (is_distinct) text += "DISTINCT ";
  if (!distinct_on.empty()) text += "DISTINCT ON (" + joined(distinct_on, ", ", spelling) + ") ";
  for (size_t i = 0; i < items.size(); ++i) {
    text += (i ? ", " : "") + spelled(items[i].expr, spelling);
    if (!items[i].alias.empty()) text += " AS " + items[i].alias;
  }
  if (is_plain) {
    for (size_t i = 0; i < hidden.size(); ++i)
      text += fmt::format(", {} AS {}", hidden[i], hidden_name(name, i));
  }
  text += " FROM " + spelled(from, spelling);
  if (is_plain && !plain_where.empty()) {
    text += " WHERE " + plain_where;
  } else if (!where.empty()) {
    text += " WHERE " + joined(where, " AND ", spelling);
  }
  if (!group_by.empty()) text += " GROUP BY " + spelled(group_by, spelling);
  if (!having.empty()) text += " HAVING " + joined(having, " AND ", spelling);
  if (!qualify.empty()) text += " QUALIFY " + spelled(qualify, spelling);
  std::string order = joined(order_by, ", ", spelling);
  if (is_plain) {
    for (const std::string& tie : ties) order += (order.empty() ? "" : ", ") + tie;
  }
  if (!operand.empty()) text += " " + set_operation + " " + operand[0].sql(spelling);
  if (!order.empty()) text += " ORDER BY " + order;
  if (!limit.empty()) text += " " + limit;
  return text;
}

std::string Step::name() const {
  switch (kind) {
    case Kind::events:
      return "events as " + format;
    case Kind::bulk:
      return "bulk file";
    case Kind::build_all:
      return "build of all views";
    case Kind::build_some:
      return "build of some views";
    case Kind::copy:
      return "new version of a table";
    case Kind::stop:
      return "restart";
    case Kind::kill:
      return is_in_flight ? "kill during a build" : "kill";
    case Kind::change:
      return "changed models";
  }
  return "";
}

size_t Case::event_count() const {
  size_t count = 0;
  for (const Step& step : steps) count += step.events.size();
  return count;
}

std::string Case::describe() const {
  std::string text = fmt::format("ANABRANCH_SEED={} {}{}, tick of {} rows\n", seed,
                                 has_processes ? "processes" : "in one process",
                                 has_odd_folder ? ", below a folder id=99" : "", tick_rows);
  for (const Stream& stream : streams) {
    text += "stream " + stream.name + ":";
    for (const Field& field : stream.fields)
      text += fmt::format(" {}{} {},", field.is_drift ? "(drift) " : "", field.name, field.type.to_sql());
    text += "\n";
  }
  for (const Table& table : tables) {
    text += fmt::format("table {} ({}):", table.name, table.format);
    for (const Field& column : table.columns)
      text += fmt::format(" {} {},", column.name, column.type.to_sql());
    text += "\n";
    for (size_t version = 0; version < table.versions.size(); ++version) {
      text += fmt::format("  version {}:", version);
      for (const auto& row : table.versions[version]) {
        text += " (";
        for (size_t i = 0; i < row.size(); ++i)
          text += (i ? "," : "") + one_line(row[i].is_null ? "NULL" : to_json(table.columns[i].type, row[i]));
        text += ")";
      }
      text += "\n";
    }
  }
  const auto view_text = [](const View& view) {
    return fmt::format("{}: {}\n  in plain DuckDB: {}\n", view.name, view.sql(View::Spelling::written),
                       view.sql(View::Spelling::plain));
  };
  for (const View& view : views) text += view_text(view);
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    text += fmt::format("step {}: {} {}{}", i, step.name(), step.stream, step.table);
    if (step.kind == Step::Kind::copy) text += fmt::format(" {}", step.version);
    for (const std::string& view : step.views) text += " " + view;
    text += "\n";
    for (const View& view : step.models) text += "  " + view_text(view);
    for (const Stream& stream : streams) {
      if (stream.name != step.stream) continue;
      for (const Event& event : step.events) {
        std::string line = event.rubbish;
        for (const Field& field : stream.fields) {
          const auto found = event.fields.find(field.name);
          if (found != event.fields.end())
            line +=
                (line.empty() ? "" : ",") + json_text(field.name) + ":" + to_json(field.type, found->second);
        }
        text += "  {" + line + "}\n";
      }
    }
  }
  return text;
}

}  // namespace anabranch::fuzz
