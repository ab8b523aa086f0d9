#include "ingest/csv_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/text_type.h"
#include "ingest/value_parser.h"

namespace anabranch::ingest {
namespace {

struct Column {
  std::string name;
  std::string name_in_files;
  std::optional<model::Type> declared;
  TextType found;

  model::Type type() const { return declared ? *declared : found.type(); }
};

class CsvTable final : public RowTable {
 public:
  CsvTable(std::vector<TableInput> files, CsvFormat format, std::vector<TableColumn> declared)
      : files_(std::move(files)), format_(std::move(format)), declared_(std::move(declared)) {}

  Result<std::vector<FoundColumn>> find_columns() override;
  Result<std::unique_ptr<RowSource>> open_rows() override;

  const std::vector<TableInput>& files() const { return files_; }
  const CsvFormat& format() const { return format_; }
  const std::vector<Column>& columns() const { return columns_; }
  // Which of the columns each field of the file is; nothing for names that are new.
  std::vector<std::optional<size_t>> columns_of(const CsvFile& file) const;

 private:
  bool goes_by_place() const;
  Status add_columns(const TableInput& input, const CsvFile& file);

  std::vector<TableInput> files_;
  CsvFormat format_;
  std::vector<TableColumn> declared_;
  std::vector<Column> columns_;
};

// Without a header, and with declared names other than those that we give.
bool CsvTable::goes_by_place() const {
  if (format_.has_header.value_or(true) || declared_.empty()) return false;
  return std::none_of(declared_.begin(), declared_.end(), [](const TableColumn& column) {
    return column.name_in_files().starts_with("column") &&
           column.name_in_files().find_first_not_of("0123456789", 6) == std::string::npos;
  });
}

std::vector<std::optional<size_t>> CsvTable::columns_of(const CsvFile& file) const {
  std::vector<std::optional<size_t>> found;
  for (size_t i = 0; i < file.names().size(); ++i) {
    if (goes_by_place()) {
      found.push_back(i < columns_.size() ? std::optional(i) : std::nullopt);
      continue;
    }
    const auto at = std::find_if(columns_.begin(), columns_.end(), [&](const Column& column) {
      return column.name_in_files == file.names()[i];
    });
    found.push_back(at == columns_.end() ? std::nullopt
                                         : std::optional(static_cast<size_t>(at - columns_.begin())));
  }
  return found;
}

Status CsvTable::add_columns(const TableInput& input, const CsvFile& file) {
  const size_t fields = file.names().size();
  if (!format_.has_header.value_or(true)) {
    const size_t wanted = goes_by_place() ? declared_.size() : columns_.empty() ? fields : columns_.size();
    if (fields != wanted) {
      return wrong_at(input, 1, 0,
                      goes_by_place()
                          ? fmt::format("{} fields, but columns: names {}", fields, wanted)
                          : fmt::format("{} fields, but the files before have {}", fields, wanted),
                      "without a header columns go by their places: each file has all of them");
    }
  }
  if (goes_by_place()) {
    if (!columns_.empty()) return {};
    for (const TableColumn& column : declared_)
      columns_.push_back({column.name, column.name_in_files(), column.type, TextType()});
    return {};
  }
  const auto known = columns_of(file);
  for (size_t i = 0; i < fields; ++i) {
    if (known[i]) continue;
    const std::string& name = file.names()[i];
    const auto declared = std::find_if(declared_.begin(), declared_.end(), [&](const TableColumn& column) {
      return column.name_in_files() == name;
    });
    columns_.push_back(declared == declared_.end()
                           ? Column{name, name, std::nullopt, TextType()}
                           : Column{declared->name, name, declared->type, TextType()});
  }
  return {};
}

Result<std::vector<FoundColumn>> CsvTable::find_columns() {
  columns_.clear();
  for (const TableInput& input : files_) {
    const auto file = TRY(CsvFile::open(input, format_));
    if (file->names().empty()) continue;
    TRY(add_columns(input, *file));
    std::vector<std::pair<size_t, TextType*>> to_find;  // field, and where its texts go
    const auto columns = columns_of(*file);
    for (size_t i = 0; i < columns.size(); ++i) {
      Column& column = columns_[*columns[i]];
      if (!column.declared) to_find.emplace_back(i, &column.found);
    }
    if (to_find.empty()) continue;  // what is wrong with its rows shows when they are read
    while (TRY(file->next())) {
      for (const auto& [i, found] : to_find) {
        const CsvField& field = file->fields()[i];
        if (!file->is_null(field)) found->add(field.text);
      }
    }
  }
  if (columns_.empty()) {
    return wrong_at(files_.front(), 0, 0, "the file is empty", "its first line names the columns");
  }
  std::vector<FoundColumn> found;
  std::vector<std::string> names;
  std::vector<std::string> names_in_files;
  for (const Column& column : columns_) {
    names.push_back(column.name);
    names_in_files.push_back(column.name_in_files);
    found.push_back({column.name, column.type()});
  }
  TRY(check_table_columns(declared_, names_in_files, names));
  return found;
}

class CsvRows final : public RowSource {
 public:
  explicit CsvRows(const CsvTable& table) : table_(table) {
    for (const Column& column : table.columns()) parsers_.emplace_back(column.type());
  }

  Result<bool> next(const Row& row) override {
    while (file_ == nullptr || !TRY(file_->next())) {
      if (next_file_ == table_.files().size()) return false;
      file_ = TRY(CsvFile::open(table_.files()[next_file_++], table_.format()));
      columns_ = table_.columns_of(*file_);
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      const CsvField& field = file_->fields()[i];
      if (file_->is_null(field)) continue;
      if (!columns_[i]) return file_->wrong(i, "the file has changed while it was read");
      if (parsers_[*columns_[i]].parse_text(field.text, false, json_, row.cell(*columns_[i]), problem_))
        continue;
      return file_->wrong(i, fmt::format("column {}: {}", table_.columns()[*columns_[i]].name, problem_));
    }
    return true;
  }

 private:
  const CsvTable& table_;
  std::vector<ValueParser> parsers_;
  JsonText json_;
  std::string problem_;
  size_t next_file_ = 0;
  std::unique_ptr<CsvFile> file_;
  std::vector<std::optional<size_t>> columns_;  // of the file's fields
};

Result<std::unique_ptr<RowSource>> CsvTable::open_rows() { return std::make_unique<CsvRows>(*this); }

}  // namespace

std::unique_ptr<RowTable> csv_table(std::vector<TableInput> files, CsvFormat format,
                                    std::vector<TableColumn> declared) {
  return std::make_unique<CsvTable>(std::move(files), std::move(format), std::move(declared));
}

}  // namespace anabranch::ingest
