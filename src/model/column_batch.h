#pragma once
// Events decoded into columns, in memory. No engine is known here: src/sql lends these columns to DuckDB.

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "model/offsets.h"
#include "model/schema.h"

namespace anabranch::model {

/// The values of one field. Row i is null when valid[i] is 0; its value is then unspecified.
/// Fixed-size layouts lie in `fixed`, texts in `texts`; the other one is empty.
struct Column {
  std::vector<uint8_t> valid;
  std::vector<char> fixed;              // rows × layout_bytes
  std::vector<std::string_view> texts;  // into memory that the ColumnBatch owns

  void append_null(size_t layout_bytes) {
    valid.push_back(0);
    if (layout_bytes == 0) {
      texts.emplace_back();
    } else {
      fixed.resize(fixed.size() + layout_bytes);
    }
  }
  template <typename T>
  void append(T value) {
    valid.push_back(1);
    const size_t at = fixed.size();
    fixed.resize(at + sizeof(T));
    std::memcpy(fixed.data() + at, &value, sizeof(T));
  }
  void append_text(std::string_view text) {
    valid.push_back(1);
    texts.push_back(text);
  }
  template <typename T>
  T at(size_t row) const {
    T value;
    std::memcpy(&value, fixed.data() + row * sizeof(T), sizeof(T));
    return value;
  }
};

/// Consecutive events of one partition, one Column for each field of the schema.
/// Built by one thread, then immutable and shared.
struct ColumnBatch {
  SchemaPtr schema;
  Partition partition = 0;
  Offset first_offset = 0;
  int64_t ingested_at_us = 0;
  std::vector<int64_t> row_ingested_at_us;  // one a row when several log batches are merged, else empty
  std::vector<Column> columns;
  std::vector<std::string_view> raw;  // one a row, or empty: null in every row
  size_t rows = 0;

  /// Where texts point: the payload as it came, and what had to be unescaped or made.
  std::shared_ptr<const std::string> payload;
  std::deque<std::string> arena;

  Offset end_offset() const { return first_offset + static_cast<Offset>(rows); }
  std::string_view keep(std::string text) {
    arena.push_back(std::move(text));
    return arena.back();
  }
  void check_invariants() const {
    ANABRANCH_ASSERT(schema != nullptr && columns.size() == schema->fields.size());
    ANABRANCH_ASSERT(raw.empty() || raw.size() == rows);
    ANABRANCH_ASSERT(row_ingested_at_us.empty() || row_ingested_at_us.size() == rows);
    for (size_t i = 0; i < columns.size(); ++i) {
      const size_t bytes = schema->fields[i].type.layout_bytes();
      ANABRANCH_ASSERT(columns[i].valid.size() == rows);
      ANABRANCH_ASSERT(bytes == 0 ? columns[i].texts.size() == rows
                                  : columns[i].fixed.size() == rows * bytes);
    }
  }
};

}  // namespace anabranch::model
