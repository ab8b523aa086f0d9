#pragma once
// Files of events, of any size: what is in them, and how they are cut into requests.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "ingest/event_parser.h"
#include "ingest/text_file.h"

namespace anabranch::ingest {

struct EventFileFormat {
  bool is_parquet = false;  // else a text, which EventFile cuts:
  BodyFormat body = BodyFormat::ndjson;
};

/// What somebody says a file is (ndjson, json, csv, tsv, parquet), or, where nobody does, what its name says.
/// bad_input names what is known; `how_to_say` ends its hint.
Result<EventFileFormat> event_file_format(const std::string& said, const std::string& name,
                                          std::string_view how_to_say);

/// A text of events as parts of a few MiB, each a body by itself, in order: cut between lines, or between
/// records of CSV, where quotes have line ends in them; each part of CSV has the header. So a file of any
/// size goes in as the numbered requests of one producer (log::Producer): the same text gives the same parts,
/// and who was interrupted goes on behind those that are stored. What cannot be cut, a JSON document, is one
/// part. Packed files are unpacked. One thread at a time; holds little more than a part.
class EventFile {
 public:
  /// `document_bytes_max`: of JSON.
  static Result<std::unique_ptr<EventFile>> open(const TableInput& input, BodyFormat format,
                                                 size_t document_bytes_max);

  /// The next part; false after the last one. A part has at least one record, so that it uses its number,
  /// unless it is the only one. bad_input: it is no text, a packed file is damaged, a record does not end;
  /// too_large: the document.
  Result<bool> next(std::string& part);
  /// Whether nothing follows the part that came last, as far as that is known.
  bool is_over() const { return is_over_; }
  /// Of the text: where the part begins that came last, and where what follows it does. From 1.
  uint64_t line() const { return line_; }
  uint64_t next_line() const { return next_line_; }
  /// Bytes of the file that have been read (TextFile).
  uint64_t position() const { return text_->position(); }

 private:
  EventFile(std::unique_ptr<TextFile> text, TableInput input, BodyFormat format, size_t document_bytes_max)
      : text_(std::move(text)),
        input_(std::move(input)),
        format_(format),
        document_bytes_max_(document_bytes_max) {}
  Result<bool> next_document(std::string& part);
  Result<std::string> next_records();
  size_t whole_records(std::string_view text) const;
  bool has_record(std::string_view records) const;
  bool is_csv() const { return format_ == BodyFormat::csv || format_ == BodyFormat::tsv; }
  char delimiter() const { return format_ == BodyFormat::tsv ? '\t' : ','; }

  const std::unique_ptr<TextFile> text_;
  const TableInput input_;
  const BodyFormat format_;
  const size_t document_bytes_max_;
  std::string rest_;  // what was read too far
  bool is_over_ = false;
  bool has_given_ = false;
  std::string header_;  // of CSV, with its line end
  bool has_one_column_ = false;
  uint64_t line_ = 1;
  uint64_t next_line_ = 1;
};

}  // namespace anabranch::ingest
