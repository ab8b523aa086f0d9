#include "quality/comparison.h"

#include <fmt/format.h>

#include "base/join.h"
#include "sql/syntax.h"

namespace anabranch::quality {
namespace {

constexpr int differences_max = 10;

// "STRUCT(a INTEGER, \"b c\" DOUBLE[])" taken apart at its commas and first space.
struct Member {
  std::string name;
  std::string type;
};

// Splits at top level, quotes and brackets respected.
std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool is_quoted = false;
  char quote = 0;
  for (const char c : text) {
    if (is_quoted) {
      is_quoted = c != quote;
    } else if (c == '"' || c == '\'') {
      is_quoted = true;
      quote = c;
    } else if (c == '(' || c == '[') {
      ++depth;
    } else if (c == ')' || c == ']') {
      --depth;
    }
    if (c == at && depth == 0 && !is_quoted) {
      parts.emplace_back();
    } else if (!(parts.back().empty() && c == ' ')) {
      parts.back() += c;
    }
  }
  return parts;
}

std::string inside(const std::string& type, size_t name_size) {
  return type.substr(name_size + 1, type.size() - name_size - 2);
}

std::vector<Member> members(const std::string& type) {
  std::vector<Member> all;
  for (const std::string& part : split(inside(type, 6), ',')) {
    const auto words = split(part, ' ');
    std::string rest;
    for (size_t i = 1; i < words.size(); ++i) rest += (i > 1 ? " " : "") + words[i];
    std::string name = words[0];
    if (name.starts_with('"')) {
      name = name.substr(1, name.size() - 2);
      for (size_t at = name.find("\"\""); at != std::string::npos; at = name.find("\"\"", at + 1))
        name.erase(at, 1);
    }
    all.push_back({name, rest});
  }
  return all;
}

std::string close(const std::string& type, const std::string& a, const std::string& b, double tolerance,
                  int depth) {
  const std::string is_same = fmt::format("({} IS NOT DISTINCT FROM {})", a, b);
  if (!has_double(type)) return is_same;
  if (type == "DOUBLE" || type == "FLOAT") {
    return fmt::format(
        "({2} OR coalesce(isfinite({0}) AND isfinite({1}) AND abs({0}::DOUBLE - {1}::DOUBLE) <= {3} * "
        "greatest(abs({0}::DOUBLE), abs({1}::DOUBLE), 1), false))",
        a, b, is_same, tolerance);
  }
  if (type.ends_with("]")) {
    const std::string element = type.substr(0, type.rfind('['));
    const std::string i = fmt::format("i{}", depth);
    const std::string inner =
        close(element, fmt::format("({})[{}]", a, i), fmt::format("({})[{}]", b, i), tolerance, depth + 1);
    return fmt::format(
        "({0} OR coalesce(len({1}) = len({2}) AND len(list_filter(range(1, len({1}) + 1), lambda {3}: NOT "
        "{4})) = 0, "
        "false))",
        is_same, a, b, i, inner);
  }
  if (type.starts_with("STRUCT(")) {
    std::string all = fmt::format("({}) IS NOT NULL AND ({}) IS NOT NULL", a, b);
    for (const Member& member : members(type)) {
      const std::string name = sql::quote_literal(member.name);
      all += " AND " + close(member.type, fmt::format("struct_extract({}, {})", a, name),
                             fmt::format("struct_extract({}, {})", b, name), tolerance, depth);
    }
    return fmt::format("({} OR ({}))", is_same, all);
  }
  if (type.starts_with("MAP(")) {
    const auto both = split(inside(type, 3), ',');
    return fmt::format("({} OR ({} AND {}))", is_same,
                       close(both[0] + "[]", fmt::format("map_keys({})", a), fmt::format("map_keys({})", b),
                             tolerance, depth),
                       close(both[1] + "[]", fmt::format("map_values({})", a),
                             fmt::format("map_values({})", b), tolerance, depth));
  }
  return is_same;
}

class RowComparison {
 public:
  RowComparison(sql::Session& session, const std::string& expected, const std::string& actual,
                const std::vector<std::string>& names, const std::vector<std::string>& types,
                double tolerance)
      : session_(session), expected_(expected), actual_(actual), names_(names) {
    for (size_t i = 0; i < types.size(); ++i) {
      const std::string column = fmt::format("c{}", i);
      columns_ += (i ? ", " : "") + column;
      if (tolerance > 0 && has_double(types[i])) {
        all_close_ += " AND " + is_close(types[i], "e." + column, "a." + column, tolerance);
        is_close_needed_ = true;
      } else {
        append_item(exact_, column);
        same_ += fmt::format(" AND e.{0} IS NOT DISTINCT FROM a.{0}", column);
      }
    }
  }

  Result<ComparedRows> run() {
    ComparedRows out;
    out.expected_rows = TRY(count(expected_));
    out.actual_rows = TRY(count(actual_));
    // As long as both digests agree no row is looked at.
    if (out.expected_rows == out.actual_rows && TRY(digest(expected_)) == TRY(digest(actual_))) return out;
    TRY(session_.run("CREATE OR REPLACE TEMP TABLE only_expected AS " + except(expected_, actual_)));
    TRY(session_.run("CREATE OR REPLACE TEMP TABLE only_actual AS " + except(actual_, expected_)));
    if (!is_close_needed_) {
      TRY(session_.run(
          "CREATE OR REPLACE TEMP TABLE pairs AS SELECT NULL::BIGINT AS e, NULL::BIGINT AS a WHERE false"));
    } else {
      TRY(pair());
    }
    const std::string lone_expected = "only_expected WHERE n NOT IN (SELECT e FROM pairs)";
    const std::string lone_actual = "only_actual WHERE n NOT IN (SELECT a FROM pairs)";
    const int64_t lone = TRY(count(lone_expected)) + TRY(count(lone_actual));
    out.different_rows = lone;
    if (lone == 0) return out;
    out.exact_columns = exact_;
    out.different_select =
        fmt::format("SELECT {0} FROM {1} UNION ALL SELECT {0} FROM {2}", exact_, lone_expected, lone_actual);
    TRY(show(lone_expected, lone_actual, out));
    return out;
  }

 private:
  Result<int64_t> count(const std::string& from) {
    return TRY(session_.query("SELECT count(*) FROM " + from)).integer(0, 0);
  }
  Result<std::string> digest(const std::string& from) {
    return TRY(session_.query(fmt::format("SELECT sum(hash({})::HUGEINT)::VARCHAR FROM {}", columns_, from)))
        .text(0, 0)
        .value_or("");
  }
  std::string except(const std::string& a, const std::string& b) const {
    return fmt::format(
        "SELECT *, row_number() OVER () AS n FROM (SELECT {0} FROM {1} EXCEPT ALL SELECT {0} FROM {2})",
        columns_, a, b);
  }

  // Rows that agree in all exact columns and are close in the others: first those at the same place among
  // their likes, in the order of all columns; then any two that are left, each used once by the smaller
  // number.
  Status pair() {
    const auto placed = [&](const char* table) {
      return fmt::format("(SELECT *, row_number() OVER ({}ORDER BY {}) AS place FROM {})",
                         exact_.empty() ? "" : "PARTITION BY " + exact_ + " ", columns_, table);
    };
    TRY(
        session_.run(fmt::format("CREATE OR REPLACE TEMP TABLE pairs AS SELECT e.n AS e, a.n AS a FROM {} AS "
                                 "e JOIN {} AS a ON e.place = "
                                 "a.place{}{}",
                                 placed("only_expected"), placed("only_actual"), same_, all_close_)));
    while (true) {
      const auto more =
          TRY(session_.query(fmt::format("INSERT INTO pairs SELECT e, min(a) FROM (SELECT min(e.n) AS e, a.n "
                                         "AS a FROM only_expected AS e JOIN "
                                         "only_actual AS a ON true{}{} WHERE e.n NOT IN (SELECT e FROM "
                                         "pairs) AND a.n NOT IN (SELECT a FROM pairs) "
                                         "GROUP BY a.n) GROUP BY e",
                                         same_, all_close_)));
      if (more.integer(0, 0) == 0) return {};
    }
  }

  Status show(const std::string& lone_expected, const std::string& lone_actual, ComparedRows& out) {
    std::string texts;
    for (size_t i = 0; i < names_.size(); ++i) texts += fmt::format("{}c{}::VARCHAR", i ? ", " : "", i);
    const auto rows = [&](const std::string& from) {
      return session_.query(
          fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT {}", texts, from, columns_, differences_max));
    };
    const auto expected = TRY(rows(lone_expected));
    const auto actual = TRY(rows(lone_actual));
    const auto values = [&](const sql::Rows& from, size_t row) {
      std::vector<std::optional<std::string>> all;
      for (size_t i = 0; i < names_.size(); ++i) all.push_back(from.text(row, i));
      return all;
    };
    for (size_t i = 0; i < std::max(expected.row_count(), actual.row_count()) && i < differences_max; ++i) {
      Difference difference;
      difference.columns = names_;
      if (i < expected.row_count()) difference.expected = values(expected, i);
      if (i < actual.row_count()) difference.actual = values(actual, i);
      out.differences.push_back(std::move(difference));
    }
    return {};
  }

  sql::Session& session_;
  const std::string expected_;
  const std::string actual_;
  const std::vector<std::string>& names_;
  std::string columns_;
  std::string exact_;
  std::string same_;
  std::string all_close_;
  bool is_close_needed_ = false;
};

}  // namespace

bool has_double(const std::string& type) {
  return type.find("DOUBLE") != std::string::npos || type.find("FLOAT") != std::string::npos;
}

std::string is_close(const std::string& type, const std::string& a, const std::string& b, double tolerance) {
  return close(type, a, b, tolerance, 0);
}

Result<ComparedRows> compare_rows(sql::Session& session, const std::string& expected,
                                  const std::string& actual, const std::vector<std::string>& names,
                                  const std::vector<std::string>& types, double tolerance) {
  return RowComparison(session, expected, actual, names, types, tolerance).run();
}

}  // namespace anabranch::quality
