#pragma once
// Events written as CSV: checks them against a schema, or decodes them into columns.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/cell.h"
#include "ingest/csv_text.h"
#include "ingest/declared_fields.h"
#include "ingest/json_text.h"
#include "model/schema.h"

namespace anabranch::ingest {

/// One event at a time, after its header. One thread at a time; keeps its buffers between events.
class CsvEventReader {
 public:
  explicit CsvEventReader(const model::Schema& schema, char delimiter = ',');

  /// The first record names the columns. bad_input when its names cannot be those of fields.
  Status read_header(std::string_view record);

  struct Undeclared {
    size_t column = 0;
    std::string name;
  };
  /// The header's columns that the schema does not declare.
  const std::vector<Undeclared>& undeclared() const { return undeclared_; }

  /// False with the reason in `problem` when the record is no event of the schema. Otherwise as
  /// JsonEventReader::read.
  bool read(std::string_view record, const Row& row, std::string& problem);
  /// The fields of the record that was read last.
  const std::vector<CsvField>& fields() const { return record_.fields(); }
  /// The record that was read last, or the header, as it is kept.
  std::string with_commas() const { return record_.with_commas(); }
  /// Cuts a record that is not read (yet); false when it has not as many fields as the header.
  bool split(std::string_view record, std::string& problem);

  /// From now on these are declared too. The header must be read again.
  void declare(const std::vector<model::Field>& fields);
  const model::Schema& schema() const { return fields_->schema(); }

 private:
  std::unique_ptr<DeclaredFields> fields_;
  CsvRecord record_;
  JsonText json_;  // for JSON in fields
  std::vector<std::optional<size_t>> field_of_column_;
  std::vector<Undeclared> undeclared_;
  std::optional<size_t> missing_;  // a required field that no column has
};

}  // namespace anabranch::ingest
