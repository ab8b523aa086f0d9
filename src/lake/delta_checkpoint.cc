#include "lake/delta_checkpoint.h"

#include <array>
#include <atomic>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/join.h"
#include "base/mutex.h"
#include "lake/memory_store.h"
#include "sql/database.h"
#include "sql/object_urls.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "sql/table_writer.h"

namespace anabranch::lake {
namespace {

constexpr size_t digits = 20;

struct Action {
  std::string_view name;
  std::string_view shape;  // for the engine's json_transform()
};

constexpr std::array actions_known = {
    Action{"txn", R"shape({"appId":"VARCHAR","version":"BIGINT","lastUpdated":"BIGINT"})shape"},
    Action{
        "add",
        R"shape({"path":"VARCHAR","partitionValues":"MAP(VARCHAR,VARCHAR)","size":"BIGINT",)shape"
        R"shape("modificationTime":"BIGINT","dataChange":"BOOLEAN","stats":"VARCHAR","tags":"MAP(VARCHAR,VARCHAR)"})shape"},
    Action{
        "remove",
        R"shape({"path":"VARCHAR","deletionTimestamp":"BIGINT","dataChange":"BOOLEAN",)shape"
        R"shape("extendedFileMetadata":"BOOLEAN","partitionValues":"MAP(VARCHAR,VARCHAR)","size":"BIGINT"})shape"},
    Action{
        "metaData",
        R"shape({"id":"VARCHAR","name":"VARCHAR","description":"VARCHAR",)shape"
        R"shape("format":{"provider":"VARCHAR","options":"MAP(VARCHAR,VARCHAR)"},"schemaString":"VARCHAR",)shape"
        R"shape("partitionColumns":["VARCHAR"],"configuration":"MAP(VARCHAR,VARCHAR)","createdTime":"BIGINT"})shape"},
    Action{"protocol", R"shape({"minReaderVersion":"INTEGER","minWriterVersion":"INTEGER"})shape"}};

// The engine's files lie in memory while it works on them: a checkpoint is a few megabytes, and any store can
// take and give its bytes. One for the program, made when the first checkpoint is met, and never taken apart:
// the engine keeps something for each thread, and the main thread's is gone when static objects go.
struct Workshop {
  MemoryStore files;
  std::unique_ptr<sql::Database> database;
  std::atomic<uint64_t> made = 0;
};

Result<Workshop*> workshop() {
  static Mutex mutex;
  static Workshop* made = nullptr;
  Lock lock(mutex);
  if (made) return made;
  auto workshop = std::make_unique<Workshop>();
  workshop->database = TRY(sql::Database::open({}));
  TRY(sql::give_objects(*workshop->database, workshop->files));
  made = workshop.release();
  return made;
}

// Files of the workshop, for as long as this lives.
class Sheets {
 public:
  explicit Sheets(MemoryStore& files) : files_(files) {}
  ~Sheets() {
    for (const std::string& key : keys_) (void)files_.remove(key);
  }
  Sheets(const Sheets&) = delete;
  Sheets& operator=(const Sheets&) = delete;
  std::string add(uint64_t number) {
    keys_.push_back(fmt::format("{}.parquet", number));
    return keys_.back();
  }

 private:
  MemoryStore& files_;
  std::vector<std::string> keys_;
};

void drop_nulls(nlohmann::ordered_json& object) {
  for (auto item = object.begin(); item != object.end();) {
    if (item->is_object()) drop_nulls(*item);
    item = item->is_null() ? object.erase(item) : std::next(item);
  }
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Status copy_actions(sql::Session& session, const std::string& table, const std::vector<std::string>& actions,
                    const std::string& key) {
  {
    auto writer = TRY(sql::TableWriter::open(session, "main", table));
    for (const std::string& action : actions) TRY(writer.append({sql::Value::of_text(action)}));
    TRY(writer.close());
  }
  std::string columns;
  for (const Action& action : actions_known) {
    append_item(columns, fmt::format("json_transform(action::JSON->'$.{}', {}) AS {}", action.name,
                                     sql::quote_literal(action.shape), sql::quote_identifier(action.name)));
  }
  return session.run(fmt::format("COPY (SELECT {} FROM {}) TO {} (FORMAT parquet)", columns, table,
                                 sql::quote_literal(sql::object_url(key))));
}

}  // namespace

std::string checkpoint_name(int64_t version) { return fmt::format("{:020}.checkpoint.parquet", version); }

std::optional<CheckpointName> parse_checkpoint_name(std::string_view name) {
  constexpr std::string_view middle = ".checkpoint.";
  constexpr std::string_view ending = "parquet";
  if (name.size() < digits + middle.size() + ending.size() || name.substr(digits, middle.size()) != middle ||
      !name.ends_with(ending))
    return std::nullopt;
  const auto version = number(name.substr(0, digits));
  if (!version) return std::nullopt;
  std::string_view parts = name.substr(digits + middle.size());
  parts.remove_suffix(ending.size());
  if (parts.empty()) return CheckpointName{*version, 1, 1};
  constexpr size_t part_digits = 10;
  if (parts.size() != 2 * part_digits + 2 || parts[part_digits] != '.' || parts.back() != '.')
    return std::nullopt;
  const auto part = number(parts.substr(0, part_digits));
  const auto of = number(parts.substr(part_digits + 1, part_digits));
  if (!part || !of || *part < 1 || *part > *of || *of > 1'000'000) return std::nullopt;
  return CheckpointName{*version, static_cast<int>(*part), static_cast<int>(*of)};
}

Result<std::string> write_checkpoint(const std::vector<std::string>& actions) {
  Workshop& workshop = *TRY(lake::workshop());
  auto session = TRY(workshop.database->connect());
  const uint64_t number = ++workshop.made;
  Sheets sheets(workshop.files);
  const std::string key = sheets.add(number);
  const std::string table = fmt::format("actions_{}", number);
  TRY(session.run(fmt::format("CREATE TABLE {} (action VARCHAR)", table)));
  const Status copied = copy_actions(session, table, actions, key);
  TRY(session.run("DROP TABLE " + table));
  TRY(Status(copied));
  return workshop.files.get(key);
}

Result<std::vector<std::string>> read_checkpoint(std::vector<std::string> parts) {
  Workshop& workshop = *TRY(lake::workshop());
  auto session = TRY(workshop.database->connect());
  Sheets sheets(workshop.files);
  std::vector<std::string> urls;
  for (const std::string& bytes : parts) {
    const std::string key = sheets.add(++workshop.made);
    TRY(workshop.files.put_if_absent(key, bytes));
    urls.push_back(sql::object_url(key));
  }
  const std::string source = sql::read_files("read_parquet", urls);
  const auto damaged = [](const Error& error) {
    return fail(Code::corrupt, fmt::format("the checkpoint is damaged: {}", error.message));
  };
  const auto there = session.describe("SELECT * FROM " + source);
  if (!there) return damaged(there.error());
  std::set<std::string> columns;
  for (const auto& column : *there) columns.insert(column.name);
  std::vector<std::string> actions;
  for (const Action& action : actions_known) {
    if (!columns.contains(std::string(action.name))) continue;
    const std::string column = sql::quote_identifier(action.name);
    const auto rows = session.query(
        fmt::format("SELECT CAST(to_json({0}) AS VARCHAR) FROM {1} WHERE {0} IS NOT NULL", column, source));
    if (!rows) return damaged(rows.error());
    for (size_t i = 0; i < rows->row_count(); ++i) {
      auto value = nlohmann::ordered_json::parse(rows->text(i, 0).value_or(""), nullptr, false);
      if (!value.is_object()) continue;
      drop_nulls(value);
      actions.push_back(nlohmann::ordered_json{{action.name, std::move(value)}}.dump(
          -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
  }
  return actions;
}

}  // namespace anabranch::lake
