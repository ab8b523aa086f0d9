#pragma once
// A CSV file of a table, row by row.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/csv_text.h"
#include "ingest/text_file.h"

namespace anabranch::ingest {

struct CsvFormat {
  std::optional<char> delimiter;   // nothing: the one of , ; tab | that the first line has most of
  std::optional<bool> has_header;  // nothing: it has one, and a first line that cannot be one is an error
  std::string null_text;           // unquoted, stands for NULL beside the empty field
};

/// Reads from the first row to the last. Every row has as many fields as the file has names; what does not is
/// an error with its place. One thread at a time.
class CsvFile {
 public:
  static Result<std::unique_ptr<CsvFile>> open(const TableInput& input, const CsvFormat& format);

  /// Of the header; column0, column1, … where there is none or a name in it is empty. Nothing in an empty
  /// file.
  const std::vector<std::string>& names() const { return names_; }

  /// False after the last row.
  Result<bool> next();
  /// Good until the next row.
  const std::vector<CsvField>& fields() const { return record_.fields(); }
  bool is_null(const CsvField& field) const {
    return !field.is_quoted && (field.text.empty() || field.text == format_.null_text);
  }
  /// bad_input at a field of this row.
  std::unexpected<Error> wrong(size_t field, std::string_view problem) const {
    return wrong_at(input_, line_, field + 1, problem);
  }

 private:
  CsvFile(TableInput input, CsvFormat format, std::unique_ptr<TextFile> text)
      : input_(std::move(input)), format_(std::move(format)), window_(std::move(text)) {}
  Status find_delimiter();
  Status read_header();
  Result<bool> next_record();

  TableInput input_;
  CsvFormat format_;
  TextWindow window_;
  CsvRecord record_;
  std::vector<std::string> names_;
  std::string problem_;
  size_t line_ = 0;          // where the record begins
  size_t lines_ = 0;         // passed so far
  bool is_waiting_ = false;  // the first record is a row and was not given yet
  bool is_blank_ = false;
};

}  // namespace anabranch::ingest
