#include "sql/rows.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "duckdb/common/types/blob.hpp"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/common/types/decimal.hpp"
#include "sql/row_encoder.h"

namespace anabranch::sql {
namespace {

using duckdb::LogicalTypeId;
using duckdb::Value;

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<int>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

constexpr int64_t exact_in_double = int64_t{1} << 53;

template <typename T>
void append_integer(std::string& out, T value, Numbers numbers) {
  const bool is_large = numbers == Numbers::string &&
                        (std::cmp_greater(value, exact_in_double) || std::cmp_less(value, -exact_in_double));
  if (is_large) out += '"';
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (is_large) out += '"';
}

template <typename T>
void append_floating(std::string& out, T value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);  // shortest that reads back as the same value
  }
}

// The engine's text of a date, or of one with a time behind it, as ISO 8601 has it: "2013-01-01 05:00:00" to
// "2013-01-01T05:00:00". Years before 1 and after 9999 get a sign, and the one before 1 is 0: "0044-03-15
// (BC)" is "-0043-03-15".
std::string iso_moment(std::string text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return text;  // infinity, -infinity
  const size_t year_end = text.find('-');
  constexpr std::string_view before_christ = " (BC)";
  if (const size_t at = text.find(before_christ); at != std::string::npos) {
    text.erase(at, before_christ.size());
    const int64_t year = 1 - std::stoll(text.substr(0, year_end));
    text.replace(0, year_end, fmt::format("{}{:04}", year < 0 ? '-' : '+', std::abs(year)));
  } else if (year_end > 4) {
    text.insert(0, 1, '+');
  }
  if (const size_t at = text.find(' '); at != std::string::npos) text[at] = 'T';
  return text;
}

std::string iso_interval(const duckdb::interval_t& interval) {
  std::string text = "P";
  if (interval.months / 12 != 0) text += fmt::format("{}Y", interval.months / 12);
  if (interval.months % 12 != 0) text += fmt::format("{}M", interval.months % 12);
  if (interval.days != 0) text += fmt::format("{}D", interval.days);
  if (interval.micros != 0) {
    text += "T";
    const int64_t hours = interval.micros / 3'600'000'000;
    const int64_t minutes = interval.micros / 60'000'000 % 60;
    const int64_t rest_us = interval.micros % 60'000'000;
    if (hours != 0) text += fmt::format("{}H", hours);
    if (minutes != 0) text += fmt::format("{}M", minutes);
    if (rest_us != 0) {
      std::string seconds = fmt::format("{}{}.{:06}", rest_us < 0 ? "-" : "", std::abs(rest_us) / 1'000'000,
                                        std::abs(rest_us) % 1'000'000);
      while (seconds.back() == '0') seconds.pop_back();
      if (seconds.back() == '.') seconds.pop_back();
      text += seconds + "S";
    }
  }
  return text == "P" ? "PT0S" : text;
}

// The text of types that JSON and CSV write alike.
std::string plain_text(const Value& value) {
  switch (value.type().id()) {
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
      return iso_moment(value.ToString());
    case LogicalTypeId::TIMESTAMP_TZ: {
      // Printed without the session's zone: the instant, in UTC.
      const auto instant = duckdb::timestamp_t(value.GetValueUnsafe<duckdb::timestamp_tz_t>().value);
      std::string text = iso_moment(Value::TIMESTAMP(instant).ToString());
      return duckdb::Timestamp::IsFinite(instant) ? text + "Z" : text;
    }
    case LogicalTypeId::INTERVAL:
      return iso_interval(value.GetValueUnsafe<duckdb::interval_t>());
    case LogicalTypeId::BLOB:
      return duckdb::Blob::ToBase64(duckdb::string_t(duckdb::StringValue::Get(value)));
    default:
      return value.ToString();
  }
}

void append_csv_field(std::string& out, std::string_view text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';  // the empty text is quoted, to tell it from NULL
  for (const char c : text) {
    out += c;
    if (c == '"') out += c;
  }
  out += '"';
}

// Writes one column of a chunk, value by value, without boxing the common types.
class ColumnWriter {
 public:
  ColumnWriter(duckdb::Vector& vector, size_t count, Numbers numbers, bool is_json)
      : vector_(vector), type_(vector.GetType()), numbers_(numbers), is_json_(is_json) {
    vector.ToUnifiedFormat(count, format_);
  }

  void append(std::string& out, size_t row) const {
    const auto index = format_.sel->get_index(row);
    if (!format_.validity.RowIsValid(index)) {
      if (is_json_) out += "null";
      return;
    }
    switch (type_.id()) {
      case LogicalTypeId::BOOLEAN:
        out += at<bool>(index) ? "true" : "false";
        return;
      case LogicalTypeId::TINYINT:
        append_integer(out, static_cast<int>(at<int8_t>(index)), numbers_);
        return;
      case LogicalTypeId::SMALLINT:
        append_integer(out, at<int16_t>(index), numbers_);
        return;
      case LogicalTypeId::INTEGER:
        append_integer(out, at<int32_t>(index), numbers_);
        return;
      case LogicalTypeId::BIGINT:
        append_integer(out, at<int64_t>(index), numbers_);
        return;
      case LogicalTypeId::UTINYINT:
        append_integer(out, static_cast<unsigned>(at<uint8_t>(index)), numbers_);
        return;
      case LogicalTypeId::USMALLINT:
        append_integer(out, at<uint16_t>(index), numbers_);
        return;
      case LogicalTypeId::UINTEGER:
        append_integer(out, at<uint32_t>(index), numbers_);
        return;
      case LogicalTypeId::UBIGINT:
        append_integer(out, at<uint64_t>(index), numbers_);
        return;
      case LogicalTypeId::DOUBLE:
        append_double(out, at<double>(index));
        return;
      case LogicalTypeId::FLOAT:
        append_double(out, at<float>(index));
        return;
      case LogicalTypeId::VARCHAR: {
        const auto& text = at<duckdb::string_t>(index);
        append_text(out, {text.GetData(), text.GetSize()});
        return;
      }
      default:
        break;
    }
    const Value value = vector_.GetValue(row);
    if (is_json_) {
      append_json_value(out, value, numbers_);
    } else if (type_.IsNested()) {
      std::string json;
      append_json_value(json, value, numbers_);
      append_csv_field(out, json);
    } else {
      append_csv_field(out, plain_text(value));
    }
  }

 private:
  template <typename T>
  const T& at(duckdb::idx_t index) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_)[index];
  }
  template <typename T>
  void append_double(std::string& out, T value) const {
    std::string text;
    append_floating(text, value);
    if (!is_json_ && text.front() == '"') text = text.substr(1, text.size() - 2);
    out += text;
  }
  void append_text(std::string& out, std::string_view text) const {
    if (is_json_) {
      append_json_string(out, text);
    } else {
      append_csv_field(out, text);
    }
  }

  duckdb::Vector& vector_;
  const duckdb::LogicalType type_;
  const Numbers numbers_;
  const bool is_json_;
  duckdb::UnifiedVectorFormat format_;
};

}  // namespace

void append_json_value(std::string& out, const Value& value, Numbers numbers) {
  if (value.IsNull()) {
    out += "null";
    return;
  }
  const auto& type = value.type();
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      out += value.GetValue<bool>() ? "true" : "false";
      return;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
      append_integer(out, value.GetValue<int64_t>(), numbers);
      return;
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT:
      append_integer(out, value.GetValue<uint64_t>(), numbers);
      return;
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT: {
      const bool is_large =
          numbers == Numbers::string && std::abs(value.GetValue<double>()) > exact_in_double;
      out += is_large ? "\"" + value.ToString() + "\"" : value.ToString();
      return;
    }
    case LogicalTypeId::DECIMAL:
      out += numbers == Numbers::string ? "\"" + value.ToString() + "\"" : value.ToString();
      return;
    case LogicalTypeId::DOUBLE:
      append_floating(out, value.GetValueUnsafe<double>());
      return;
    case LogicalTypeId::FLOAT:
      append_floating(out, value.GetValueUnsafe<float>());
      return;
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY: {
      const auto& children = type.id() == LogicalTypeId::LIST ? duckdb::ListValue::GetChildren(value)
                                                              : duckdb::ArrayValue::GetChildren(value);
      out += '[';
      for (size_t i = 0; i < children.size(); ++i) {
        if (i) out += ',';
        append_json_value(out, children[i], numbers);
      }
      out += ']';
      return;
    }
    case LogicalTypeId::MAP: {  // pairs: JSON has no maps with other keys than text
      out += '[';
      const auto& entries = duckdb::MapValue::GetChildren(value);
      for (size_t i = 0; i < entries.size(); ++i) {
        const auto& pair = duckdb::StructValue::GetChildren(entries[i]);
        if (i) out += ',';
        out += '[';
        append_json_value(out, pair[0], numbers);
        out += ',';
        append_json_value(out, pair[1], numbers);
        out += ']';
      }
      out += ']';
      return;
    }
    case LogicalTypeId::STRUCT: {
      const auto& children = duckdb::StructValue::GetChildren(value);
      const bool is_row = duckdb::StructType::IsUnnamed(type);
      out += is_row ? '[' : '{';
      for (size_t i = 0; i < children.size(); ++i) {
        if (i) out += ',';
        if (!is_row) {
          append_json_string(out, duckdb::StructType::GetChildName(type, i));
          out += ':';
        }
        append_json_value(out, children[i], numbers);
      }
      out += is_row ? ']' : '}';
      return;
    }
    default:
      append_json_string(out, plain_text(value));
      return;
  }
}

Rows::Impl::Impl(duckdb::unique_ptr<duckdb::MaterializedQueryResult> from) : result(std::move(from)) {
  for (size_t i = 0; i < result->names.size(); ++i)
    columns.push_back({result->names[i], result->types[i].ToString()});
}

Rows::Rows(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;

const std::vector<model::RelationColumn>& Rows::columns() const { return impl_->columns; }
size_t Rows::row_count() const { return impl_->result->RowCount(); }

std::optional<std::string> Rows::text(size_t row, size_t column) const {
  const Value value = impl_->result->GetValue(column, row);
  if (value.IsNull()) return std::nullopt;
  return value.ToString();
}

int64_t Rows::integer(size_t row, size_t column) const {
  const Value value = impl_->result->GetValue(column, row);
  return value.IsNull() ? 0 : value.GetValue<int64_t>();
}

double Rows::number(size_t row, size_t column) const {
  const Value value = impl_->result->GetValue(column, row);
  return value.IsNull() ? 0 : value.GetValue<double>();
}

Error answer_too_large(size_t bytes_max) {
  return Error{Code::too_large,
               fmt::format("the answer is larger than {} bytes", bytes_max),
               "read less with LIMIT or WHERE, ask for CSV or Arrow, which come as they are made, or raise "
               "limits.answer_bytes_max",
               {}};
}

namespace {

std::vector<ColumnWriter> writers_of(duckdb::DataChunk& chunk, Numbers numbers, bool is_json) {
  std::vector<ColumnWriter> writers;
  writers.reserve(chunk.ColumnCount());
  for (auto& vector : chunk.data) writers.emplace_back(vector, chunk.size(), numbers, is_json);
  return writers;
}

class JsonEncoder final : public RowEncoder {
 public:
  JsonEncoder(const std::vector<model::RelationColumn>& columns, Numbers numbers, FrameSink& sink)
      : RowEncoder(columns, sink), numbers_(numbers) {}
  Status begin() override {
    out_ += '[';
    return {};
  }
  Status add(duckdb::DataChunk& chunk) override {
    const auto writers = writers_of(chunk, numbers_, true);
    for (size_t row = 0; row < chunk.size(); ++row) {
      out_ += std::exchange(is_first_, false) ? "[" : ",[";
      for (size_t i = 0; i < writers.size(); ++i) {
        if (i) out_ += ',';
        writers[i].append(out_, row);
      }
      out_ += ']';
      TRY(send_if_full());
    }
    return {};
  }
  Status end() override {
    out_ += ']';
    return send();
  }

 private:
  const Numbers numbers_;
  bool is_first_ = true;
};

class CsvEncoder final : public RowEncoder {
 public:
  using RowEncoder::RowEncoder;
  Status begin() override {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i) out_ += ',';
      append_csv_field(out_, columns_[i].name);
    }
    out_ += "\r\n";
    return {};
  }
  Status add(duckdb::DataChunk& chunk) override {
    const auto writers = writers_of(chunk, Numbers::number, false);
    for (size_t row = 0; row < chunk.size(); ++row) {
      for (size_t i = 0; i < writers.size(); ++i) {
        if (i) out_ += ',';
        writers[i].append(out_, row);
      }
      out_ += "\r\n";
      TRY(send_if_full());
    }
    return {};
  }
  Status end() override { return send(); }
};

}  // namespace

std::unique_ptr<RowEncoder> json_encoder(const std::vector<model::RelationColumn>& columns, Numbers numbers,
                                         FrameSink& sink) {
  return std::make_unique<JsonEncoder>(columns, numbers, sink);
}

std::unique_ptr<RowEncoder> csv_encoder(const std::vector<model::RelationColumn>& columns, FrameSink& sink) {
  return std::make_unique<CsvEncoder>(columns, sink);
}

}  // namespace anabranch::sql
