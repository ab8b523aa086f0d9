#include "project/column_types.h"

#include <map>

#include <fmt/format.h>

#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {

std::optional<model::Type> parse_type(const Located& name, Problems& problems) {
  static const std::vector<std::string> usual = {
      "boolean", "tinyint", "smallint", "integer",   "int",         "bigint",   "hugeint", "double",
      "float",   "real",    "decimal",  "numeric",   "varchar",     "text",     "string",  "blob",
      "date",    "time",    "datetime", "timestamp", "timestamptz", "interval", "uuid",    "json"};
  auto type = model::Type::parse(name.text);
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
