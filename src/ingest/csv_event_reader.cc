#include "ingest/csv_event_reader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "ingest/excerpt.h"

namespace anabranch::ingest {

CsvEventReader::CsvEventReader(const model::Schema& schema, char delimiter)
    : fields_(std::make_unique<DeclaredFields>(schema)), record_(delimiter) {}

void CsvEventReader::declare(const std::vector<model::Field>& fields) {
  model::Schema schema = fields_->schema();
  schema.fields.insert(schema.fields.end(), fields.begin(), fields.end());
  fields_ = std::make_unique<DeclaredFields>(schema);
}

Status CsvEventReader::read_header(std::string_view record) {
  field_of_column_.clear();
  undeclared_.clear();
  missing_.reset();
  std::string problem;
  const auto refuse = [&](std::string_view why) {
    return fail(Code::bad_input, fmt::format("header: {}", why),
                "the first line of CSV names the columns, each once, as the stream's fields are named");
  };
  if (!simdjson::validate_utf8(record)) return refuse("is not valid UTF-8");
  if (!record_.split(record, problem)) return refuse(problem);
  std::set<std::string> names;
  std::vector<uint8_t> has_column(fields_->size());
  for (size_t column = 0; column < record_.fields().size(); ++column) {
    const std::string_view name = record_.fields()[column].text;
    if (!names.insert(folded(name)).second) {
      return refuse(
          fmt::format("column {} comes twice, or differs only in case from another", excerpt(name)));
    }
    const std::optional<size_t> field = fields_->find(name);
    field_of_column_.push_back(field);
    if (field) {
      if (has_column[*field]) {
        return refuse(fmt::format("column {} is the field {}, which comes by another of its names too",
                                  excerpt(name), fields_->name(*field)));
      }
      has_column[*field] = 1;
      continue;
    }
    if (problem = fields_->objection(name); !problem.empty()) return refuse(problem);
    undeclared_.push_back({column, std::string(name)});
  }
  for (const size_t field : fields_->required()) {
    if (!has_column[field] && !missing_) missing_ = field;
  }
  return {};
}

bool CsvEventReader::split(std::string_view record, std::string& problem) {
  if (!record_.split(record, problem)) return false;
  const size_t wanted = field_of_column_.size();
  if (record_.fields().size() == wanted) return true;
  problem = fmt::format("has {} fields; the header has {}", record_.fields().size(), wanted);
  return false;
}

bool CsvEventReader::read(std::string_view record, const Row& row, std::string& problem) {
  if (row.is_checked_only()) {
    if (!simdjson::validate_utf8(record)) {
      problem = "is not valid UTF-8";
      return false;
    }
    if (missing_) {
      problem =
          fmt::format("field {}: is required but the header has no such column", fields_->name(*missing_));
      return false;
    }
    if (!undeclared_.empty() && schema().on_drift == model::OnDrift::quarantine) {
      problem = fmt::format("field {}: the stream does not declare it (on_drift: quarantine)",
                            excerpt(undeclared_.front().name));
      return false;
    }
  }
  if (!split(record, problem)) return false;
  for (size_t column = 0; column < field_of_column_.size(); ++column) {
    const std::optional<size_t> field = field_of_column_[column];
    if (!field) continue;
    const CsvField& given = record_.fields()[column];
    if (given.text.empty() && (!given.is_quoted || is_planted("a quoted empty text in CSV is NULL"))) {
      if (!fields_->is_required(*field)) continue;
      problem = fmt::format("field {}: is empty but required", fields_->name(*field));
      return false;
    }
    if (!fields_->parser(*field).parse_text(given.text, given.lasts, json_, row.cell(*field), problem)) {
      problem = fmt::format("field {}: {}", fields_->name(*field), problem);
      return false;
    }
  }
  return true;
}

}  // namespace anabranch::ingest
