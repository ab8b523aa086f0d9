#include "project/column_types.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "model/type_nesting.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {

namespace {

// The members of structs are columns too, for the lake and for SQL.
bool check_member_names(const model::Type& type, const Place& place, Problems& problems) {
  std::set<std::string> seen;
  for (const std::string& name : type.names) {
    if (!check_column_name(name, place, problems)) return false;
    if (seen.insert(fold_case(name)).second) continue;
    problems.error(place, fmt::format("a struct has the member '{}' twice", name),
                   "rename one; SQL does not tell names apart that differ only in case");
    return false;
  }
  for (const model::Type& child : type.children) {
    if (!check_member_names(child, place, problems)) return false;
  }
  return true;
}

}  // namespace

std::optional<model::Type> parse_type(const Located& name, Problems& problems) {
  static const std::vector<std::string> usual = {
      "boolean", "tinyint", "smallint", "integer",   "int",         "bigint",   "hugeint", "double",
      "float",   "real",    "decimal",  "numeric",   "varchar",     "text",     "string",  "blob",
      "date",    "time",    "datetime", "timestamp", "timestamptz", "interval", "uuid",    "json"};
  auto type = model::Type::parse(name.text);
  if (type && model::nesting_of(*type) > model::type_nesting_max) {
    problems.error(name.place, fmt::format("a type that nests {} levels deep", model::nesting_of(*type)),
                   fmt::format("at most {} levels; deeper values fit json", model::type_nesting_max));
    return std::nullopt;
  }
  if (type && !check_member_names(*type, name.place, problems)) return std::nullopt;
  if (type) return *std::move(type);
  const auto meant = nearest(name.text, usual);
  problems.error(name.place, type.error().message,
                 meant && *meant != fold_case(name.text) ? fmt::format("did you mean '{}'?", *meant)
                                                         : type.error().hint);
  return std::nullopt;
}

void check_distinct(const std::vector<Located>& names, std::string_view what, Problems& problems) {
  std::map<std::string, const Located*> seen;
  for (const Located& name : names) {
    const auto [earlier, is_new] = seen.emplace(fold_case(name.text), &name);
    if (is_new) continue;
    const Located& first = *earlier->second;
    problems.error(
        name.place,
        first.text == name.text
            ? fmt::format("the {} '{}' stands twice", what, name.text)
            : fmt::format("the {}s '{}' and '{}' differ only in case", what, first.text, name.text),
        fmt::format("line {} has the first: {}", first.place.line,
                    first.text == name.text ? "keep one" : "SQL takes them for one name, so rename one"));
  }
}

}  // namespace anabranch::project
