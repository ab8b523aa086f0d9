#include "sql/table_writer.h"

#include <limits>

#include <fmt/format.h>

#include "duckdb.hpp"
#include "duckdb/main/appender.hpp"
#include "sql/engine_error.h"
#include "sql/session_connection.h"

namespace anabranch::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

// Thrown and caught in this file: a value and its column's type are no match.
struct NoMatch {
  std::string type;
};

duckdb::hugeint_t huge(__int128 value) {
  duckdb::hugeint_t out;
  out.lower = static_cast<uint64_t>(static_cast<unsigned __int128>(value));
  out.upper = static_cast<int64_t>(value >> 64);
  return out;
}

template <typename T>
T fitting(__int128 value, const LogicalType& type) {
  if (value < static_cast<__int128>(std::numeric_limits<T>::min()) ||
      value > static_cast<__int128>(std::numeric_limits<T>::max())) {
    throw NoMatch{type.ToString()};
  }
  return static_cast<T>(value);
}

void want(const Value& value, Value::Kind kind, const LogicalType& type) {
  if (value.kind != kind) throw NoMatch{type.ToString()};
}

duckdb::Value engine_value(const LogicalType& type, const Value& value) {
  using Kind = Value::Kind;
  if (value.is_null()) return duckdb::Value(type);
  switch (type.id()) {
    case LogicalTypeId::FLOAT:
      want(value, Kind::real, type);
      return duckdb::Value::FLOAT(static_cast<float>(value.real));
    case LogicalTypeId::DOUBLE:
      want(value, Kind::real, type);
      return duckdb::Value::DOUBLE(value.real);
    case LogicalTypeId::VARCHAR: {
      want(value, Kind::text, type);
      duckdb::Value text(value.text);
      text.Reinterpret(type);  // JSON
      return text;
    }
    case LogicalTypeId::BLOB:
      want(value, Kind::text, type);
      return duckdb::Value::BLOB(reinterpret_cast<duckdb::const_data_ptr_t>(value.text.data()),
                                 value.text.size());
    case LogicalTypeId::UUID:
      want(value, Kind::text, type);
      return duckdb::Value::UUID(value.text);
    case LogicalTypeId::DATE:
      want(value, Kind::integer, type);
      return duckdb::Value::DATE(duckdb::date_t(fitting<int32_t>(value.integer, type)));
    case LogicalTypeId::TIME:
      want(value, Kind::integer, type);
      return duckdb::Value::TIME(duckdb::dtime_t(fitting<int64_t>(value.integer, type)));
    case LogicalTypeId::TIMESTAMP:
      want(value, Kind::integer, type);
      return duckdb::Value::TIMESTAMP(duckdb::timestamp_t(fitting<int64_t>(value.integer, type)));
    case LogicalTypeId::TIMESTAMP_TZ:
      want(value, Kind::integer, type);
      return duckdb::Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(fitting<int64_t>(value.integer, type)));
    case LogicalTypeId::INTERVAL:
      want(value, Kind::list, type);
      if (value.elements.size() != 3) throw NoMatch{type.ToString()};
      return duckdb::Value::INTERVAL(fitting<int32_t>(value.elements[0].integer, type),
                                     fitting<int32_t>(value.elements[1].integer, type),
                                     fitting<int64_t>(value.elements[2].integer, type));
    case LogicalTypeId::DECIMAL: {
      want(value, Kind::integer, type);
      const auto width = duckdb::DecimalType::GetWidth(type);
      const auto scale = duckdb::DecimalType::GetScale(type);
      switch (type.InternalType()) {
        case duckdb::PhysicalType::INT16:
          return duckdb::Value::DECIMAL(fitting<int16_t>(value.integer, type), width, scale);
        case duckdb::PhysicalType::INT32:
          return duckdb::Value::DECIMAL(fitting<int32_t>(value.integer, type), width, scale);
        case duckdb::PhysicalType::INT64:
          return duckdb::Value::DECIMAL(fitting<int64_t>(value.integer, type), width, scale);
        default:
          return duckdb::Value::DECIMAL(huge(value.integer), width, scale);
      }
    }
    case LogicalTypeId::LIST: {
      want(value, Kind::list, type);
      const auto& child = duckdb::ListType::GetChildType(type);
      duckdb::vector<duckdb::Value> elements;
      for (const Value& element : value.elements) elements.push_back(engine_value(child, element));
      return duckdb::Value::LIST(child, std::move(elements));
    }
    case LogicalTypeId::STRUCT: {
      want(value, Kind::list, type);
      const auto& children = duckdb::StructType::GetChildTypes(type);
      if (children.size() != value.elements.size()) throw NoMatch{type.ToString()};
      duckdb::vector<duckdb::Value> members;
      for (size_t i = 0; i < children.size(); ++i)
        members.push_back(engine_value(children[i].second, value.elements[i]));
      return duckdb::Value::STRUCT(type, std::move(members));
    }
    case LogicalTypeId::MAP: {
      want(value, Kind::list, type);
      const auto& key_type = duckdb::MapType::KeyType(type);
      const auto& value_type = duckdb::MapType::ValueType(type);
      duckdb::vector<duckdb::Value> keys, values;
      for (size_t i = 0; i + 1 < value.elements.size(); i += 2) {
        keys.push_back(engine_value(key_type, value.elements[i]));
        values.push_back(engine_value(value_type, value.elements[i + 1]));
      }
      return duckdb::Value::MAP(key_type, value_type, std::move(keys), std::move(values));
    }
    default:
      want(value, Kind::integer, type);
      return duckdb::Value::HUGEINT(huge(value.integer)).DefaultCastAs(type, true);
  }
}

// Most values, without the engine's boxed ones.
bool put_plain(duckdb::Vector& column, idx_t row, const LogicalType& type, const Value& value) {
  using Kind = Value::Kind;
  using duckdb::FlatVector;
  switch (type.id()) {
    case LogicalTypeId::INTEGER:
      want(value, Kind::integer, type);
      FlatVector::GetData<int32_t>(column)[row] = fitting<int32_t>(value.integer, type);
      return true;
    case LogicalTypeId::BIGINT:
      want(value, Kind::integer, type);
      FlatVector::GetData<int64_t>(column)[row] = fitting<int64_t>(value.integer, type);
      return true;
    case LogicalTypeId::DOUBLE:
      want(value, Kind::real, type);
      FlatVector::GetData<double>(column)[row] = value.real;
      return true;
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::BLOB:
      want(value, Kind::text, type);
      FlatVector::GetData<duckdb::string_t>(column)[row] = duckdb::StringVector::AddStringOrBlob(
          column, duckdb::string_t(value.text.data(), static_cast<uint32_t>(value.text.size())));
      return true;
    default:
      return false;
  }
}

}  // namespace

struct TableWriter::Impl {
  explicit Impl(duckdb::Connection& connection, const std::string& schema, const std::string& table)
      : appender(connection, schema, table) {
    types = appender.GetActiveTypes();
    chunk.Initialize(duckdb::Allocator::DefaultAllocator(), types);
  }
  void flush() {
    if (rows == 0) return;
    chunk.SetCardinality(rows);
    appender.AppendDataChunk(chunk);
    chunk.Reset();
    rows = 0;
  }
  duckdb::Appender appender;
  duckdb::vector<LogicalType> types;
  duckdb::DataChunk chunk;
  idx_t rows = 0;
};

TableWriter::TableWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TableWriter::TableWriter(TableWriter&&) noexcept = default;
TableWriter::~TableWriter() = default;

Result<TableWriter> TableWriter::open(Session& session, const std::string& schema, const std::string& table) {
  try {
    return TableWriter(std::make_unique<Impl>(SessionConnection::of(session), schema, table));
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::not_found));
  }
}

Status TableWriter::append(const std::vector<Value>& row) {
  auto& chunk = impl_->chunk;
  if (row.size() != impl_->types.size()) {
    return fail(Code::bad_input,
                fmt::format("a row of {} values for {} columns", row.size(), impl_->types.size()));
  }
  try {
    for (size_t i = 0; i < row.size(); ++i) {
      if (row[i].is_null()) {
        duckdb::FlatVector::SetNull(chunk.data[i], impl_->rows, true);
      } else if (!put_plain(chunk.data[i], impl_->rows, impl_->types[i], row[i])) {
        chunk.data[i].SetValue(impl_->rows, engine_value(impl_->types[i], row[i]));
      }
    }
    if (++impl_->rows == STANDARD_VECTOR_SIZE) impl_->flush();
    return {};
  } catch (const NoMatch& no_match) {
    return fail(Code::bad_input, "a value does not fit " + no_match.type);
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::bad_input));
  }
}

Status TableWriter::close() {
  try {
    impl_->flush();
    impl_->appender.Close();
    return {};
  } catch (const std::exception& error) {
    return fail(engine_error(error, "", Code::internal));
  }
}

}  // namespace anabranch::sql
