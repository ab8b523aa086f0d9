#include "ingest/csv_file.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/iso_time.h"
#include "ingest/number.h"

namespace anabranch::ingest {
namespace {

constexpr std::string_view delimiters = ",;\t|";

std::string spelled(char delimiter) { return delimiter == '\t' ? "\\t" : std::string(1, delimiter); }

// A value that nobody would call a column by.
bool is_value(std::string_view text) {
  int64_t microseconds = 0;
  return read_number(text).has_value() || parse_timestamp(text, microseconds).empty();
}

}  // namespace

Result<std::unique_ptr<CsvFile>> CsvFile::open(const TableInput& input, const CsvFormat& format) {
  auto text = TRY(TextFile::open(input));
  std::unique_ptr<CsvFile> file(new CsvFile(input, format, std::move(text)));
  TRY(file->find_delimiter());
  TRY(file->read_header());
  return file;
}

// By the first line that is not blank. The more of a character stand outside of quotes, the sooner it is one
// between fields; whether it is one in all rows their number of fields shows.
Status CsvFile::find_delimiter() {
  if (!format_.delimiter) {
    size_t at = 0;
    bool is_quoted = false;
    std::map<char, size_t> counts;
    while (true) {
      if (at == window_.rest().size()) {
        if (window_.is_whole() || at > row_bytes_max) break;
        TRY(window_.grow());
        continue;
      }
      const char c = window_.rest()[at++];
      if (c == '"') is_quoted = !is_quoted;
      if (is_quoted) continue;
      if (c == '\n' && window_.rest().substr(0, at).find_first_not_of("\r\n") != std::string_view::npos)
        break;
      if (delimiters.find(c) != std::string_view::npos) ++counts[c];
    }
    format_.delimiter = delimiters.front();
    for (const char c : delimiters) {
      if (counts[c] > counts[*format_.delimiter]) format_.delimiter = c;
    }
  }
  record_ = CsvRecord(*format_.delimiter);
  return {};
}

Status CsvFile::read_header() {
  bool is_there = true;
  do {
    is_there = TRY(next_record());
  } while (is_there && is_blank_);
  if (!is_there) return {};
  const bool has_header = format_.has_header.value_or(true);
  for (size_t i = 0; i < record_.fields().size(); ++i) {
    const std::string_view text = record_.fields()[i].text;
    if (!format_.has_header && is_value(text)) {
      return wrong_at(input_, line_, i + 1,
                      fmt::format("{} stands where the name of a column is expected", excerpt(text)),
                      "say whether the first line holds the names, with csv: {header: true} or false");
    }
    const bool is_named = has_header && !text.empty();
    names_.push_back(is_named ? std::string(text) : fmt::format("column{}", i));
    for (size_t before = 0; before < i; ++before) {
      if (names_[before] != names_[i]) continue;
      return wrong_at(input_, line_, i + 1, fmt::format("the name {} stands there twice", excerpt(names_[i])),
                      "give each column a name of its own");
    }
  }
  is_waiting_ = !has_header;
  return {};
}

Result<bool> CsvFile::next() {
  if (is_waiting_) {
    is_waiting_ = false;
    return true;
  }
  do {
    if (!TRY(next_record())) return false;
    // In a file of one column a blank line is a row with NULL; elsewhere it is nothing.
  } while (is_blank_ && names_.size() > 1);
  if (record_.fields().size() == names_.size()) return true;
  const bool has_header = format_.has_header.value_or(true);
  return wrong_at(
      input_, line_, 0,
      fmt::format("{} field{} between '{}', but {}: {}", record_.fields().size(),
                  record_.fields().size() == 1 ? "" : "s", spelled(*format_.delimiter),
                  fmt::format(fmt::runtime(has_header ? "the header has {}" : "the first line has {}"),
                              names_.size()),
                  excerpt(record_.fields().front().text)),
      "quote fields that hold the delimiter, name every column in the header, remove lines above it, or "
      "state "
      "csv: {delimiter: …}");
}

Result<bool> CsvFile::next_record() {
  std::string_view record;
  while (true) {
    const std::string_view rest = window_.rest();
    CsvRecords records(rest, *format_.delimiter);
    if (records.next(record) && (!records.rest().empty() || window_.is_whole())) {
      const size_t passed = rest.size() - records.rest().size();
      line_ = lines_ + 1;
      lines_ +=
          static_cast<size_t>(std::count(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(passed), '\n'));
      window_.pass(passed);
      break;
    }
    if (rest.empty() && window_.is_whole()) return false;
    if (rest.size() > row_bytes_max) {
      return wrong_at(input_, lines_ + 1, 0,
                      fmt::format("a row of more than {} MiB; is a quote not closed?", row_bytes_max >> 20));
    }
    TRY(window_.grow());
  }
  is_blank_ = record.empty();
  if (!is_utf8(record)) {
    return wrong_at(input_, line_, 0, fmt::format("the text is not UTF-8: {}", excerpt(record)),
                    "it may be Latin-1 or Windows-1252: convert it, as with iconv -f WINDOWS-1252 -t UTF-8");
  }
  if (!record_.split(record, problem_)) return wrong_at(input_, line_, 0, problem_);
  if (record.find('\r') != std::string_view::npos) {
    for (size_t i = 0; i < record_.fields().size(); ++i) {
      const CsvField& field = record_.fields()[i];
      if (field.is_quoted || field.text.find('\r') == std::string_view::npos) continue;
      return wrong_at(input_, line_, i + 1,
                      fmt::format("a carriage return in the middle of a line: {}", excerpt(field.text)),
                      "lines end in LF or CRLF: convert the others, or quote the field");
    }
  }
  return true;
}

}  // namespace anabranch::ingest
