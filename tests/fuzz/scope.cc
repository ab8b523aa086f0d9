#include "tests/fuzz/scope.h"

#include <map>

namespace anabranch::fuzz {

Kind kind_of(const std::string& type) {
  if (type.ends_with("]")) return Kind::list;
  if (type.starts_with("STRUCT")) return Kind::structure;
  if (type.starts_with("MAP")) return Kind::map;
  if (type.starts_with("DECIMAL")) return Kind::decimal;
  static const std::map<std::string, Kind> kinds = {{"BOOLEAN", Kind::boolean},
                                                    {"TINYINT", Kind::integer},
                                                    {"SMALLINT", Kind::integer},
                                                    {"INTEGER", Kind::integer},
                                                    {"BIGINT", Kind::integer},
                                                    {"UTINYINT", Kind::integer},
                                                    {"USMALLINT", Kind::integer},
                                                    {"UINTEGER", Kind::integer},
                                                    {"UBIGINT", Kind::integer},
                                                    {"HUGEINT", Kind::huge},
                                                    {"FLOAT", Kind::floating},
                                                    {"DOUBLE", Kind::floating},
                                                    {"VARCHAR", Kind::text},
                                                    {"BLOB", Kind::blob},
                                                    {"DATE", Kind::date},
                                                    {"TIME", Kind::time},
                                                    {"TIMESTAMP", Kind::timestamp},
                                                    {"TIMESTAMP WITH TIME ZONE", Kind::timestamptz},
                                                    {"INTERVAL", Kind::interval},
                                                    {"UUID", Kind::uuid},
                                                    {"JSON", Kind::json}};
  const auto found = kinds.find(type);
  return found == kinds.end() ? Kind::other : found->second;
}

}  // namespace anabranch::fuzz
