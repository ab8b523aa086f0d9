#include "ingest/event_file.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "ingest/csv_text.h"
#include "ingest/excerpt.h"
#include "ingest/json_text.h"
#include "io/file_system.h"

namespace anabranch::ingest {
namespace {

// Both decide where a text is cut, and with that what a number stands for. Whoever changes them has files cut
// in another way that an earlier version of the program has taken in by half.
constexpr size_t part_bytes = 4 << 20;
// A longer record is no event anywhere; what looks like one has lost a quote or its line ends.
constexpr size_t record_bytes_max = 32 << 20;

}  // namespace

Result<EventFileFormat> event_file_format(const std::string& said, const std::string& name,
                                          std::string_view how_to_say) {
  std::string what = said;
  bool is_packed = false;
  if (what.empty()) {
    io::Path file = folded(name);
    if (file.extension() == ".gz" || file.extension() == ".zst") {
      is_packed = true;
      file = file.stem();
    }
    what = file.extension().string();
    if (!what.empty()) what.erase(0, 1);
  }
  if (what == "parquet" && !is_packed) return EventFileFormat{true};
  if (what == "ndjson" || what == "jsonl") return EventFileFormat{false, BodyFormat::ndjson};
  if (what == "json") return EventFileFormat{false, BodyFormat::json};
  if (what == "csv") return EventFileFormat{false, BodyFormat::csv};
  if (what == "tsv" || what == "tab") return EventFileFormat{false, BodyFormat::tsv};
  return fail(
      Code::bad_input,
      fmt::format("what is in {} cannot be told from its name", excerpt(io::Path(name).filename().string())),
      fmt::format("known are .ndjson, .jsonl, .json, .csv, .tsv, each also with .gz or .zst, and "
                  ".parquet; or say {}",
                  how_to_say));
}

Result<std::unique_ptr<EventFile>> EventFile::open(const TableInput& input, BodyFormat format,
                                                   size_t document_bytes_max) {
  auto text = TRY(TextFile::open(input));
  return std::unique_ptr<EventFile>(new EventFile(std::move(text), input, format, document_bytes_max));
}

Result<bool> EventFile::next(std::string& part) {
  if (format_ == BodyFormat::json) return next_document(part);
  while (true) {
    part = TRY(next_records());
    if (part.empty()) return false;
    line_ = next_line_;
    next_line_ += static_cast<uint64_t>(std::ranges::count(part, '\n'));
    bool is_due = false;
    if (!is_csv()) {
      is_due = has_record(part);
    } else if (header_.empty()) {
      CsvRecords records(part, delimiter());
      std::string_view names;
      records.next(names);
      CsvRecord fields(delimiter());
      std::string problem;
      has_one_column_ = fields.split(names, problem) && fields.fields().size() == 1;
      header_ = std::string(names) + "\n";
      is_due = has_record(records.rest());
    } else {
      is_due = has_record(part);
      if (is_due) part.insert(0, header_);
    }
    // A header alone is looked at all the same: whether it can be one.
    if (!is_due && !(is_csv() && is_over_ && !has_given_)) continue;
    has_given_ = true;
    return true;
  }
}

Result<bool> EventFile::next_document(std::string& part) {
  part.clear();
  if (is_over_) return false;
  while (TRY(text_->more(part))) {
    if (part.size() <= document_bytes_max_) continue;
    return fail(Code::too_large,
                fmt::format("{} is one JSON document of more than {} bytes, which cannot be cut",
                            input_.shown, document_bytes_max_),
                "write its events as NDJSON, one a line: such a file may have any size");
  }
  is_over_ = true;
  return true;
}

// The next whole records, about part_bytes; nothing at the end.
Result<std::string> EventFile::next_records() {
  if (is_over_) return std::string();
  std::string text = std::exchange(rest_, {});
  while (TRY(text_->more(text))) {
    if (text.size() < part_bytes) continue;
    const size_t whole = whole_records(text);
    if (whole == 0 && text.size() > record_bytes_max) {
      return fail(Code::bad_input,
                  fmt::format("{}: the record that begins in line {} has more than {} bytes: {}",
                              input_.shown, next_line_, record_bytes_max, excerpt(text)),
                  "is the format right, and is every quote closed?");
    }
    if (whole == 0) continue;
    rest_ = text.substr(whole);
    text.resize(whole);
    return text;
  }
  is_over_ = true;
  return text;
}

// How many bytes of a text are whole records.
size_t EventFile::whole_records(std::string_view text) const {
  if (!is_csv()) return text.rfind('\n') + 1;  // npos + 1 is 0
  CsvRecords records(text, delimiter());
  size_t whole = 0;
  for (std::string_view record; records.next(record);) {
    const size_t end = text.size() - records.rest().size();
    // The last one may go on in what comes, unless its line has ended.
    const auto record_end = static_cast<size_t>(record.data() + record.size() - text.data());
    if (text[end - 1] == '\n' && record_end < end) whole = end;
  }
  return whole;
}

// Blank lines are none, but where CSV has one column: there they are NULL.
bool EventFile::has_record(std::string_view records) const {
  if (!is_csv()) return !std::ranges::all_of(records, JsonText::is_space);
  CsvRecords each(records, delimiter());
  for (std::string_view record; each.next(record);) {
    if (has_one_column_ || !record.empty()) return true;
  }
  return false;
}

}  // namespace anabranch::ingest
