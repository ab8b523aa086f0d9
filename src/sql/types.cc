#include "sql/types.h"

namespace anabranch::sql {

using duckdb::LogicalType;
using Kind = model::Type::Kind;

LogicalType engine_type(const model::Type& type) {
  switch (type.kind) {
    case Kind::boolean:
      return LogicalType::BOOLEAN;
    case Kind::tinyint:
      return LogicalType::TINYINT;
    case Kind::smallint:
      return LogicalType::SMALLINT;
    case Kind::integer:
      return LogicalType::INTEGER;
    case Kind::bigint:
      return LogicalType::BIGINT;
    case Kind::hugeint:
      return LogicalType::HUGEINT;
    case Kind::utinyint:
      return LogicalType::UTINYINT;
    case Kind::usmallint:
      return LogicalType::USMALLINT;
    case Kind::uinteger:
      return LogicalType::UINTEGER;
    case Kind::ubigint:
      return LogicalType::UBIGINT;
    case Kind::real:
      return LogicalType::FLOAT;
    case Kind::double_precision:
      return LogicalType::DOUBLE;
    case Kind::decimal:
      return LogicalType::DECIMAL(type.width, type.scale);
    case Kind::varchar:
      return LogicalType::VARCHAR;
    case Kind::blob:
      return LogicalType::BLOB;
    case Kind::date:
      return LogicalType::DATE;
    case Kind::time:
      return LogicalType::TIME;
    case Kind::timestamp:
      return LogicalType::TIMESTAMP;
    case Kind::timestamptz:
      return LogicalType::TIMESTAMP_TZ;
    case Kind::interval:
      return LogicalType::INTERVAL;
    case Kind::uuid:
      return LogicalType::UUID;
    case Kind::json:
      return LogicalType::JSON();
    case Kind::list:
      return LogicalType::LIST(engine_type(type.children[0]));
    case Kind::map:
      return LogicalType::MAP(engine_type(type.children[0]), engine_type(type.children[1]));
    case Kind::structure: {
      duckdb::child_list_t<LogicalType> children;
      for (size_t i = 0; i < type.children.size(); ++i) {
        children.emplace_back(type.names[i], engine_type(type.children[i]));
      }
      return LogicalType::STRUCT(std::move(children));
    }
  }
  return LogicalType::VARCHAR;
}

LogicalType carried_type(const model::Type& type) {
  switch (type.kind) {
    case Kind::uuid:
    case Kind::interval:
      return LogicalType::VARCHAR;
    case Kind::json:
    case Kind::list:
    case Kind::map:
    case Kind::structure:
      return LogicalType::JSON();
    default:
      return engine_type(type);
  }
}

}  // namespace anabranch::sql
