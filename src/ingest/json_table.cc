#include "ingest/json_table.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "ingest/excerpt.h"
#include "ingest/json_event_reader.h"
#include "ingest/json_file.h"
#include "ingest/json_type.h"

namespace anabranch::ingest {
namespace {

namespace ondemand = simdjson::ondemand;

// A table has no more columns than that: objects with other names in each row are no rows of a table.
constexpr size_t columns_max = 10'000;

class JsonTable final : public RowTable {
 public:
  JsonTable(std::vector<TableInput> files, std::vector<TableColumn> declared)
      : files_(std::move(files)), declared_(std::move(declared)) {}

  Result<std::vector<FoundColumn>> find_columns() override;
  Result<std::unique_ptr<RowSource>> open_rows() override;

  const std::vector<TableInput>& files() const { return files_; }
  // Fields by their names in the files.
  const model::Schema& schema() const { return schema_; }

 private:
  struct Column {
    const TableColumn* declared = nullptr;
    JsonType found;
  };
  bool add_members(ondemand::object& object, std::string& problem);

  std::vector<TableInput> files_;
  std::vector<TableColumn> declared_;
  JsonText json_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, size_t> by_name_;
  std::vector<Column> columns_;
  model::Schema schema_;
};

bool JsonTable::add_members(ondemand::object& object, std::string& problem) {
  size_t expected = 0;
  for (auto member : object) {
    ondemand::field field;
    if (const auto error = std::move(member).get(field)) {
      problem = json_.describe(error);
      return false;
    }
    std::string_view name;
    if (!json_.read_name(field.key(), name, problem)) return false;
    if (expected >= names_.size() || names_[expected] != name) {
      const auto [known, is_new] = by_name_.emplace(std::string(name), names_.size());
      expected = known->second;
      if (is_new) {
        if (names_.size() == columns_max) {
          problem = fmt::format("field {}: the files have more than {} names; a table has no more columns",
                                excerpt(name), columns_max);
          return false;
        }
        names_.emplace_back(name);
        const auto declared =
            std::find_if(declared_.begin(), declared_.end(),
                         [&](const TableColumn& column) { return column.name_in_files() == name; });
        columns_.push_back({declared == declared_.end() ? nullptr : &*declared, {}});
      }
    }
    Column& column = columns_[expected++];
    const std::string_view token = JsonText::trimmed(field.value().raw_json_token());
    const bool is_declared = column.declared != nullptr && column.declared->type;
    // What does not fit a declared type shows when the rows are read.
    if (is_declared ? json_.validate(field.value(), token, 1, problem)
                    : column.found.add(json_, field.value(), token, 1, problem)) {
      continue;
    }
    problem = fmt::format("field {}: {}", excerpt(names_[expected - 1]), problem);
    return false;
  }
  return true;
}

Result<std::vector<FoundColumn>> JsonTable::find_columns() {
  bool is_empty = true;
  for (const TableInput& input : files_) {
    const auto file = TRY(JsonFile::open(input));
    std::string problem;
    for (std::string_view text; TRY(file->next(text));) {
      is_empty = false;
      if (!json_.open(text, file->readable_after(), problem)) return file->wrong(problem);
      ondemand::object object;
      if (const auto error = json_.document().get_object().get(object))
        return file->wrong(json_.describe(error));
      if (!add_members(object, problem)) return file->wrong(problem);
      if (!json_.is_at_end()) return file->wrong("is not JSON: it goes on after the end of the object");
    }
  }
  if (is_empty) {  // files without rows have the columns that are declared
    for (const TableColumn& column : declared_) {
      names_.push_back(column.name_in_files());
      columns_.push_back({&column, {}});
    }
  }
  if (columns_.empty()) {
    return wrong_at(files_.front(), 0, 0, "the file has no objects with names",
                    "declare its columns with columns: in the source");
  }
  std::vector<FoundColumn> found;
  std::vector<std::string> names;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const TableColumn* declared = columns_[i].declared;
    found.push_back({declared ? declared->name : names_[i],
                     declared && declared->type ? *declared->type : columns_[i].found.type()});
    names.push_back(found.back().name);
    schema_.fields.push_back({names_[i], found.back().type, false, ""});
  }
  TRY(check_table_columns(declared_, names_, names));
  return found;
}

class JsonRows final : public RowSource {
 public:
  explicit JsonRows(const JsonTable& table)
      : table_(table), reader_(table.schema(), JsonEventReader::Shape::object) {}

  Result<bool> next(const Row& row) override {
    std::string_view text;
    while (file_ == nullptr || !TRY(file_->next(text))) {
      if (next_file_ == table_.files().size()) return false;
      file_ = TRY(JsonFile::open(table_.files()[next_file_++]));
    }
    // The file's window moves on; values that stand in the text as they are point into it.
    if (!reader_.read(row.arena->keep(text), 0, row, problem_)) return file_->wrong(problem_);
    return true;
  }

 private:
  const JsonTable& table_;
  JsonEventReader reader_;
  std::string problem_;
  size_t next_file_ = 0;
  std::unique_ptr<JsonFile> file_;
};

Result<std::unique_ptr<RowSource>> JsonTable::open_rows() { return std::make_unique<JsonRows>(*this); }

}  // namespace

std::unique_ptr<RowTable> json_table(std::vector<TableInput> files, std::vector<TableColumn> declared) {
  return std::make_unique<JsonTable>(std::move(files), std::move(declared));
}

}  // namespace anabranch::ingest
