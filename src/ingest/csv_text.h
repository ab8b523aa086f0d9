#pragma once
// CSV as RFC 4180 has it: commas, double quotes, lines that end in LF or CRLF. Events may have tabs, files of
// tables another character in place of the comma.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace anabranch::ingest {

/// Cuts a text into records. Every byte belongs to a record or to the line ending after one.
class CsvRecords {
 public:
  explicit CsvRecords(std::string_view text, char delimiter = ',') : rest_(text), delimiter_(delimiter) {}

  /// The next record, without its line ending; false at the end of the text.
  bool next(std::string_view& record);
  /// In which line the record begins, from 1.
  size_t line() const { return line_; }
  /// What has not been cut yet: what follows the record and its line ending.
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  char delimiter_;
  size_t line_ = 0;
  size_t lines_ = 0;  // passed so far
};

struct CsvField {
  std::string_view text;
  bool is_quoted = false;
  bool lasts = false;  // a view into the record; otherwise good until the next split()
};

/// Cuts a record into fields.
class CsvRecord {
 public:
  explicit CsvRecord(char delimiter = ',') : delimiter_(delimiter) {}
  /// False with the reason in `problem` when the quotes are wrong.
  bool split(std::string_view record, std::string& problem);
  const std::vector<CsvField>& fields() const { return fields_; }
  /// The record with commas, whatever it was cut at: quoted stays quoted, and what needs quotes gets them.
  std::string with_commas() const;

 private:
  char delimiter_;
  std::vector<CsvField> fields_;
  std::string unquoted_;
};

}  // namespace anabranch::ingest
