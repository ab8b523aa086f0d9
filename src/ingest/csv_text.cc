#include "ingest/csv_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/excerpt.h"

namespace anabranch::ingest {
namespace {

// Where the record ends that `text` begins with: at a line feed that is not in a quoted field, or at the end.
size_t record_bytes(std::string_view text, char delimiter) {
  const size_t line_end = std::min(text.find('\n'), text.size());
  if (text.substr(0, line_end).find('"') == std::string_view::npos) return line_end;
  bool is_field_start = true;
  bool is_quoted = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_quoted) {
      if (c != '"') continue;
      if (at + 1 < text.size() && text[at + 1] == '"') {
        ++at;
      } else {
        is_quoted = false;
      }
      continue;
    }
    if (c == '\n') return at;
    if (c == '"' && is_field_start) is_quoted = true;
    is_field_start = c == delimiter;
  }
  return text.size();
}

}  // namespace

bool CsvRecords::next(std::string_view& record) {
  if (rest_.empty()) return false;
  const size_t bytes = record_bytes(rest_, delimiter_);
  record = rest_.substr(0, bytes);
  line_ = lines_ + 1;
  lines_ += 1 + static_cast<size_t>(std::count(record.begin(), record.end(), '\n'));
  rest_.remove_prefix(std::min(bytes + 1, rest_.size()));
  if (record.ends_with('\r')) record.remove_suffix(1);
  return true;
}

bool CsvRecord::split(std::string_view record, std::string& problem) {
  fields_.clear();
  unquoted_.clear();
  unquoted_.reserve(record.size());  // so that no view into it moves
  size_t at = 0;
  while (true) {
    if (at < record.size() && record[at] == '"') {
      const size_t begin = ++at;
      const size_t unquoted_at = unquoted_.size();
      size_t copied = begin;
      while (true) {
        at = record.find('"', at);
        if (at == std::string_view::npos) {
          problem = fmt::format("a quoted field is not closed: {}", excerpt(record.substr(begin - 1)));
          return false;
        }
        if (at + 1 >= record.size() || record[at + 1] != '"') break;
        unquoted_.append(record, copied, at + 1 - copied);
        at += 2;
        copied = at;
      }
      CsvField field{record.substr(begin, at - begin), true, copied == begin};
      if (!field.lasts) {
        unquoted_.append(record, copied, at - copied);
        field.text = std::string_view(unquoted_).substr(unquoted_at);
      }
      fields_.push_back(field);
      ++at;
      if (at < record.size() && record[at] != delimiter_) {
        const char* delimiter = delimiter_ == ','    ? "a comma"
                                : delimiter_ == '\t' ? "a tab"
                                                     : "the delimiter";
        problem = fmt::format("after a quoted field comes {} or the end of the line, not {}", delimiter,
                              excerpt(record.substr(at)));
        return false;
      }
    } else {
      const size_t end = std::min(record.find(delimiter_, at), record.size());
      const std::string_view text = record.substr(at, end - at);
      if (text.find('"') != std::string_view::npos) {
        problem = fmt::format("a quote in an unquoted field: {}; quote the field and double the quotes in it",
                              excerpt(text));
        return false;
      }
      fields_.push_back({text, false, true});
      at = end;
    }
    if (at >= record.size()) return true;
    ++at;
  }
}

std::string CsvRecord::with_commas() const {
  std::string text;
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (i > 0) text += ',';
    const CsvField& field = fields_[i];
    if (!field.is_quoted && field.text.find(',') == std::string_view::npos) {
      text += field.text;
      continue;
    }
    text += '"';
    for (const char c : field.text) text.append(c == '"' ? 2 : 1, c);
    text += '"';
  }
  return text;
}

}  // namespace anabranch::ingest
