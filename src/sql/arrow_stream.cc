// Rows as an Arrow IPC stream. The engine fills Arrow's arrays; the messages around them are flatbuffers,
// made here field by field: the numbers are those of Schema.fbs and Message.fbs in the Arrow format.

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>

#include "duckdb/common/arrow/arrow_appender.hpp"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "sql/row_encoder.h"

namespace anabranch::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using flatbuffers::FlatBufferBuilder;
using Table = flatbuffers::Offset<flatbuffers::Table>;

constexpr size_t alignment = 8;
constexpr size_t batch_rows_max = 64 * STANDARD_VECTOR_SIZE;

enum class Header : uint8_t { schema = 1, dictionary_batch = 2, record_batch = 3 };

enum class ArrowType : uint8_t {
  null = 1,
  integer = 2,
  floating = 3,
  binary = 4,
  text = 5,
  boolean = 6,
  decimal = 7,
  date = 8,
  time = 9,
  timestamp = 10,
  interval = 11,
  list = 12,
  structure = 13,
  fixed_list = 16,
  map = 17
};

enum Unit : int16_t { second, millisecond, microsecond, nanosecond };

constexpr flatbuffers::voffset_t slot(int field) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * field);
}

// A table of scalar fields, all written, whatever their defaults.
class TableWriter {
 public:
  explicit TableWriter(FlatBufferBuilder& out) : out_(out), start_(out.StartTable()) {
    out_.ForceDefaults(true);
  }
  template <typename T>
  TableWriter& scalar(int field, T value) {
    out_.AddElement<T>(slot(field), value, T{});
    return *this;
  }
  template <typename T>
  TableWriter& offset(int field, flatbuffers::Offset<T> value) {
    out_.AddOffset(slot(field), value);
    return *this;
  }
  Table end() { return Table(out_.EndTable(start_)); }

 private:
  FlatBufferBuilder& out_;
  const flatbuffers::uoffset_t start_;
};

struct TypeTable {
  ArrowType type;
  Table table;
};

Table integer_table(FlatBufferBuilder& out, int bits, bool is_signed) {
  return TableWriter(out).scalar<int32_t>(0, bits).scalar<uint8_t>(1, is_signed ? 1 : 0).end();
}

TypeTable integer_type(FlatBufferBuilder& out, int bits, bool is_signed) {
  return {ArrowType::integer, integer_table(out, bits, is_signed)};
}

TypeTable timestamp_type(FlatBufferBuilder& out, Unit unit, bool is_utc) {
  const auto zone = is_utc ? out.CreateString("UTC") : flatbuffers::Offset<flatbuffers::String>();
  TableWriter table(out);
  table.scalar<int16_t>(0, unit);
  if (is_utc) table.offset(1, zone);
  return {ArrowType::timestamp, table.end()};
}

TypeTable decimal_type(FlatBufferBuilder& out, int width, int scale) {
  return {ArrowType::decimal,
          TableWriter(out).scalar<int32_t>(0, width).scalar<int32_t>(1, scale).scalar<int32_t>(2, 128).end()};
}

TypeTable empty_type(FlatBufferBuilder& out, ArrowType type) { return {type, TableWriter(out).end()}; }

TypeTable unit_type(FlatBufferBuilder& out, ArrowType type, int16_t unit) {
  return {type, TableWriter(out).scalar<int16_t>(0, unit).end()};
}

// What the engine's appender makes of each type; nothing for one that it makes no standard type of.
std::optional<TypeTable> type_table(FlatBufferBuilder& out, const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::SQLNULL:
      return empty_type(out, ArrowType::null);
    case LogicalTypeId::BOOLEAN:
      return empty_type(out, ArrowType::boolean);
    case LogicalTypeId::TINYINT:
      return integer_type(out, 8, true);
    case LogicalTypeId::SMALLINT:
      return integer_type(out, 16, true);
    case LogicalTypeId::INTEGER:
      return integer_type(out, 32, true);
    case LogicalTypeId::BIGINT:
      return integer_type(out, 64, true);
    case LogicalTypeId::UTINYINT:
      return integer_type(out, 8, false);
    case LogicalTypeId::USMALLINT:
      return integer_type(out, 16, false);
    case LogicalTypeId::UINTEGER:
      return integer_type(out, 32, false);
    case LogicalTypeId::UBIGINT:
      return integer_type(out, 64, false);
    case LogicalTypeId::DECIMAL:
      return decimal_type(out, duckdb::DecimalType::GetWidth(type), duckdb::DecimalType::GetScale(type));
    case LogicalTypeId::FLOAT:
      return unit_type(out, ArrowType::floating, 1);
    case LogicalTypeId::DOUBLE:
      return unit_type(out, ArrowType::floating, 2);
    case LogicalTypeId::VARCHAR:
    case LogicalTypeId::UUID:
    case LogicalTypeId::ENUM:
      return empty_type(out, ArrowType::text);
    case LogicalTypeId::BLOB:
      return empty_type(out, ArrowType::binary);
    case LogicalTypeId::DATE:
      return unit_type(out, ArrowType::date, 0);
    case LogicalTypeId::TIME:
      return TypeTable{ArrowType::time,
                       TableWriter(out).scalar<int16_t>(0, microsecond).scalar<int32_t>(1, 64).end()};
    case LogicalTypeId::TIMESTAMP:
      return timestamp_type(out, microsecond, false);
    case LogicalTypeId::TIMESTAMP_SEC:
      return timestamp_type(out, second, false);
    case LogicalTypeId::TIMESTAMP_MS:
      return timestamp_type(out, millisecond, false);
    case LogicalTypeId::TIMESTAMP_NS:
      return timestamp_type(out, nanosecond, false);
    case LogicalTypeId::TIMESTAMP_TZ:
      return timestamp_type(out, microsecond, true);
    case LogicalTypeId::INTERVAL:
      return unit_type(out, ArrowType::interval, 2);  // months, days, nanoseconds
    case LogicalTypeId::LIST:
      return empty_type(out, ArrowType::list);
    case LogicalTypeId::ARRAY:
      return TypeTable{
          ArrowType::fixed_list,
          TableWriter(out).scalar<int32_t>(0, static_cast<int32_t>(duckdb::ArrayType::GetSize(type))).end()};
    case LogicalTypeId::STRUCT:
      return empty_type(out, ArrowType::structure);
    case LogicalTypeId::MAP:
      return TypeTable{ArrowType::map, TableWriter(out).scalar<uint8_t>(0, 0).end()};
    default:
      return std::nullopt;
  }
}

struct Child {
  std::string name;
  LogicalType type;
  bool is_nullable = true;
  bool is_entries = false;  // of a map: a struct of a key, never NULL, and a value
};

std::vector<Child> children_of(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::LIST:
      return {{"l", duckdb::ListType::GetChildType(type)}};
    case LogicalTypeId::ARRAY:
      return {{"l", duckdb::ArrayType::GetChildType(type)}};
    case LogicalTypeId::MAP:
      return {{"entries", duckdb::ListType::GetChildType(type), false, true}};
    case LogicalTypeId::STRUCT: {
      std::vector<Child> all;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) all.push_back({name, child});
      return all;
    }
    default:
      return {};
  }
}

int enum_index_bits(const LogicalType& type) {
  return 8 * static_cast<int>(duckdb::GetTypeIdSize(type.InternalType()));
}

// The bytes of one value in the buffer of a type of fixed width; 0 for the others.
size_t fixed_bytes(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::DECIMAL:
    case LogicalTypeId::INTERVAL:
      return 16;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIME:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ:
    case LogicalTypeId::ENUM:
      return duckdb::GetTypeIdSize(type.InternalType());
    default:
      return 0;
  }
}

// As the format lays them out; both are structs of two 64-bit numbers.
struct FieldNode {
  int64_t length;
  int64_t null_count;
};
struct Buffer {
  int64_t offset;
  int64_t length;
};

// Nodes and buffers of a batch, in the order of the schema.
class BatchBody {
 public:
  void add(const LogicalType& type, const ArrowArray& array) {
    const auto length = static_cast<size_t>(array.length);
    nodes.push_back({array.length, type.id() == LogicalTypeId::SQLNULL ? array.length : array.null_count});
    if (type.id() == LogicalTypeId::SQLNULL) return;
    const bool has_nulls = array.null_count != 0 && array.n_buffers > 0 && array.buffers[0] != nullptr;
    buffer(has_nulls ? array.buffers[0] : nullptr, has_nulls ? (length + 7) / 8 : 0);
    if (const size_t bytes = fixed_bytes(type); bytes > 0) {
      buffer(array.buffers[1], length * bytes);
      return;
    }
    switch (type.id()) {
      case LogicalTypeId::BOOLEAN:
        buffer(array.buffers[1], (length + 7) / 8);
        return;
      case LogicalTypeId::VARCHAR:
      case LogicalTypeId::UUID:
      case LogicalTypeId::BLOB:
        buffer(array.buffers[2], static_cast<size_t>(offsets(array)));
        return;
      case LogicalTypeId::LIST:
      case LogicalTypeId::MAP:
        offsets(array);
        break;
      default:
        break;
    }
    const auto children = children_of(type);
    for (size_t i = 0; i < children.size(); ++i) add(children[i].type, *array.children[i]);
  }

  std::vector<FieldNode> nodes;
  std::vector<Buffer> buffers;
  std::string bytes;

 private:
  void buffer(const void* data, size_t size) {
    buffers.push_back({static_cast<int64_t>(bytes.size()), static_cast<int64_t>(size)});
    if (size > 0) bytes.append(static_cast<const char*>(data), size);
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  }
  // Writes the offsets; gives the last one, the length of what they point into.
  int32_t offsets(const ArrowArray& array) {
    const auto* data = static_cast<const int32_t*>(array.buffers[1]);
    static constexpr int32_t none = 0;
    if (data == nullptr) data = &none;
    const auto count = static_cast<size_t>(array.length) + 1;
    buffer(data, count * sizeof(int32_t));
    return data[count - 1];
  }
};

class StreamWriter {
 public:
  StreamWriter(std::string& out, const std::vector<model::RelationColumn>& columns,
               const duckdb::vector<LogicalType>& types)
      : out_(out), columns_(columns), types_(types) {}

  Status schema() {
    FlatBufferBuilder builder;
    std::vector<Table> fields;
    for (size_t i = 0; i < types_.size(); ++i) {
      const auto made = field(builder, {columns_[i].name, types_[i]});
      if (!made) {
        return fail(Code::bad_input,
                    fmt::format("the column {} has the type {}, which Arrow has no place for",
                                columns_[i].name, columns_[i].type),
                    "cast it, for example to VARCHAR");
      }
      fields.push_back(*made);
    }
    const auto list = builder.CreateVector(fields);
    message(builder, Header::schema, TableWriter(builder).scalar<int16_t>(0, 0).offset(1, list).end(), "");
    return {};
  }

  void batch(const ArrowArray& array) {
    if (!has_dictionaries_) {
      int64_t id = 0;
      for (size_t i = 0; i < types_.size(); ++i) dictionaries(types_[i], *array.children[i], id);
      has_dictionaries_ = true;
    }
    BatchBody body;
    for (size_t i = 0; i < types_.size(); ++i) body.add(types_[i], *array.children[i]);
    FlatBufferBuilder builder;
    message(builder, Header::record_batch, record_batch(builder, array.length, body), body.bytes);
  }

  void end() {
    put(uint32_t{0xFFFFFFFF});
    put(uint32_t{0});
  }

 private:
  std::optional<Table> field(FlatBufferBuilder& builder, const Child& of) {
    // An enum's values stand in a dictionary, in the order in which dictionaries() counts them.
    Table dictionary;
    const bool is_enum = of.type.id() == LogicalTypeId::ENUM;
    if (is_enum) {
      const Table index = integer_table(builder, enum_index_bits(of.type), false);
      dictionary = TableWriter(builder).scalar<int64_t>(0, dictionary_count_++).offset(1, index).end();
    }
    std::vector<Table> children;
    for (Child& child : children_of(of.type)) {
      child.is_nullable = child.is_nullable && !(of.is_entries && children.empty());
      const auto made = field(builder, child);
      if (!made) return std::nullopt;
      children.push_back(*made);
    }
    const auto type = type_table(builder, of.type);
    if (!type) return std::nullopt;
    const auto list = builder.CreateVector(children);
    const auto name = builder.CreateString(of.name);
    TableWriter table(builder);
    table.offset(0, name)
        .scalar<uint8_t>(1, of.is_nullable ? 1 : 0)
        .scalar<uint8_t>(2, static_cast<uint8_t>(type->type))
        .offset(3, type->table)
        .offset(5, list);
    if (is_enum) table.offset(4, dictionary);
    return table.end();
  }

  void dictionaries(const LogicalType& type, const ArrowArray& array, int64_t& id) {
    if (type.id() == LogicalTypeId::ENUM) {
      BatchBody body;
      body.add(LogicalType::VARCHAR, *array.dictionary);
      FlatBufferBuilder builder;
      const Table values = record_batch(builder, array.dictionary->length, body);
      message(builder, Header::dictionary_batch,
              TableWriter(builder).scalar<int64_t>(0, id++).offset(1, values).scalar<uint8_t>(2, 0).end(),
              body.bytes);
    }
    const auto children = children_of(type);
    for (size_t i = 0; i < children.size(); ++i) dictionaries(children[i].type, *array.children[i], id);
  }

  static Table record_batch(FlatBufferBuilder& builder, int64_t length, const BatchBody& body) {
    const auto nodes = pairs(builder, std::span(body.nodes));
    const auto buffers = pairs(builder, std::span(body.buffers));
    return TableWriter(builder).scalar<int64_t>(0, length).offset(1, nodes).offset(2, buffers).end();
  }

  // A vector of structs of two 64-bit numbers.
  template <typename T>
  static flatbuffers::Offset<flatbuffers::Vector<const T*>> pairs(FlatBufferBuilder& builder,
                                                                  std::span<const T> values) {
    static_assert(sizeof(T) == 16 && alignof(T) == 8);
    return builder.CreateVectorOfStructs(values.data(), values.size());
  }

  void message(FlatBufferBuilder& builder, Header header, Table content, std::string_view body) {
    const Table table = TableWriter(builder)
                            .scalar<int16_t>(0, 4)  // metadata version 5
                            .scalar<uint8_t>(1, static_cast<uint8_t>(header))
                            .offset(2, content)
                            .scalar<int64_t>(3, static_cast<int64_t>(body.size()))
                            .end();
    builder.Finish(table);
    const size_t size = (builder.GetSize() + alignment - 1) / alignment * alignment;
    put(uint32_t{0xFFFFFFFF});
    put(static_cast<uint32_t>(size));
    out_.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
    out_.append(size - builder.GetSize(), '\0');
    out_ += body;
  }

  void put(uint32_t number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out_.append(bytes, sizeof number);
  }

  std::string& out_;
  const std::vector<model::RelationColumn>& columns_;
  const duckdb::vector<LogicalType>& types_;
  int64_t dictionary_count_ = 0;
  bool has_dictionaries_ = false;
};

using Extensions =
    std::unordered_map<duckdb::idx_t, const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>;

// The standard types of the format's first version, whatever the session is set to.
duckdb::ClientProperties plain_properties(const duckdb::ClientProperties& from) {
  duckdb::ClientProperties properties = from;
  properties.arrow_offset_size = duckdb::ArrowOffsetSize::REGULAR;
  properties.arrow_use_list_view = false;
  properties.produce_arrow_string_view = false;
  properties.arrow_lossless_conversion = false;
  properties.arrow_output_version = duckdb::ArrowFormatVersion::V1_0;
  return properties;
}

class ArrowEncoder final : public RowEncoder {
 public:
  ArrowEncoder(const std::vector<model::RelationColumn>& columns, const duckdb::QueryResult& result,
               FrameSink& sink)
      : RowEncoder(columns, sink),
        types_(result.types),
        properties_(plain_properties(result.client_properties)),
        writer_(out_, columns_, types_) {}
  Status begin() override { return writer_.schema(); }
  Status add(duckdb::DataChunk& chunk) override {
    if (!appender_) appender_.emplace(types_, STANDARD_VECTOR_SIZE, properties_, Extensions());
    appender_->Append(chunk, 0, chunk.size(), chunk.size());
    appended_bytes_ += bytes_of(chunk);
    if (appender_->RowCount() >= batch_rows_max || appended_bytes_ >= frame_bytes) write_batch();
    return send_if_full();
  }
  Status end() override {
    if (appender_ && appender_->RowCount() > 0) write_batch();
    writer_.end();
    return send();
  }

 private:
  // With the texts, which lie beside the vectors. Of nested values it is a guess.
  static size_t bytes_of(duckdb::DataChunk& chunk) {
    size_t bytes = chunk.GetAllocationSize();
    for (auto& vector : chunk.data) {
      if (vector.GetType().InternalType() != duckdb::PhysicalType::VARCHAR) continue;
      duckdb::UnifiedVectorFormat format;
      vector.ToUnifiedFormat(chunk.size(), format);
      const auto* texts = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
      for (size_t row = 0; row < chunk.size(); ++row) {
        const auto at = format.sel->get_index(row);
        if (format.validity.RowIsValid(at)) bytes += texts[at].GetSize();
      }
    }
    return bytes;
  }
  void write_batch() {
    ArrowArray array = appender_->Finalize();
    appender_.reset();
    appended_bytes_ = 0;
    writer_.batch(array);
    if (array.release) array.release(&array);
  }

  const duckdb::vector<LogicalType> types_;
  const duckdb::ClientProperties properties_;
  StreamWriter writer_;
  std::optional<duckdb::ArrowAppender> appender_;
  size_t appended_bytes_ = 0;
};

}  // namespace

std::unique_ptr<RowEncoder> arrow_encoder(const std::vector<model::RelationColumn>& columns,
                                          const duckdb::QueryResult& result, FrameSink& sink) {
  return std::make_unique<ArrowEncoder>(columns, result, sink);
}

}  // namespace anabranch::sql
