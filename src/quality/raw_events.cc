#include "quality/raw_events.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/crc32c.h"
#include "base/join.h"
#include "quality/log_records.h"
#include "quality/plain_decoder.h"
#include "sql/syntax.h"
#include "sql/table_writer.h"

namespace anabranch::quality {
namespace {

using sql::Value;

constexpr std::string_view system_columns = "_partition, _offset, _ingested_at, _raw";
constexpr int64_t sampled_range_events = 2'000;
constexpr int sampled_ranges = 8;

std::string raw_table(const std::string& name) { return "raw." + sql::quote_identifier(name); }

// A path as a pattern that matches it alone.
std::string as_pattern(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      out += std::string("[") + c + "]";
    } else {
      out += c;
    }
  }
  return out;
}

// Where events were read from.
struct LoadedPartition {
  bool has_log = false;
  bool has_archive = false;
  bool has_bulk_files = false;
};

// One partition of a stream, into the stream's table.
class PartitionLoader {
 public:
  /// `table`: in "raw", there already, with the columns of create_table().
  PartitionLoader(sql::Session& session, const VerifyJob::Stream& stream, model::Partition partition,
                  std::string table, std::function<void(int64_t)> progress)
      : session_(session),
        stream_(stream),
        table_(std::move(table)),
        partition_(partition),
        end_(stream.ends.at(static_cast<size_t>(partition))),
        archive_end_(stream.archive_end(partition)),
        folder_(io::Path(stream.log_folder) / std::to_string(partition)),
        progress_(std::move(progress)) {}

  static Status create_table(sql::Session& session, const VerifyJob::Stream& stream) {
    return session.run(
        fmt::format("CREATE TABLE {} ({}_partition INTEGER, _offset BIGINT, _ingested_at TIMESTAMP "
                    "WITH TIME ZONE, _raw VARCHAR)",
                    raw_table(stream.name), declared(stream.schema)));
  }

  Result<LoadedPartition> run(int64_t raw_events_max) {
    while (true) {
      const model::Offset kept = TRY(first_kept_offset(folder_));
      auto loaded = load(raw_events_max, kept);
      // A log that forgets what is being read from it has it in the archive: from the beginning.
      if (loaded || TRY(first_kept_offset(folder_)) == kept) return loaded;
      TRY(forget());
    }
  }

 private:
  Result<LoadedPartition> load(int64_t raw_events_max, model::Offset kept) {
    const bool is_large = model::event_count(stream_.ends) > raw_events_max;
    const model::Offset from_archive = std::min(is_large ? std::max(archive_end_, kept) : kept, end_);
    if (from_archive > archive_end_) {
      return fail(Code::corrupt,
                  fmt::format("events of {} before offset {} are neither in the log nor in the archive",
                              described(), from_archive));
    }
    if (from_archive > 0) TRY(add_archive(from_archive));
    TRY(add_log(from_archive, end_));
    TRY(flush());
    for (const std::string& table : staged_) TRY(add_staged(table));
    TRY(check_offsets());
    if (is_large) TRY(compare_sampled(kept, from_archive));
    LoadedPartition loaded;
    loaded.has_log = from_archive < end_;
    loaded.has_archive = from_archive > 0;
    loaded.has_bulk_files = has_bulk_;
    return loaded;
  }

  std::string described() const {
    return stream_.ends.size() == 1 ? stream_.name
                                    : fmt::format("{}, partition {},", stream_.name, partition_);
  }

  // All that was loaded of the partition.
  Status forget() {
    writer_.reset();
    staged_.clear();
    has_bulk_ = false;
    const auto tables =
        TRY(session_.query(fmt::format("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'raw' AND "
                                       "starts_with(table_name, {0} || ':')",
                                       sql::quote_literal(stream_.name))));
    for (size_t i = 0; i < tables.row_count(); ++i)
      TRY(session_.run("DROP TABLE " + raw_table(tables.text(i, 0).value_or(""))));
    return session_.run(
        fmt::format("DELETE FROM {} WHERE _partition = {}", raw_table(stream_.name), partition_));
  }

  static std::string declared(const model::Schema& schema) {
    std::string text;
    for (const auto& field : schema.fields)
      text += fmt::format("{} {}, ", sql::quote_identifier(field.name), field.type.to_sql());
    return text;
  }

  // A schema version by the names that its fields have in files, which are the same in every version.
  static model::Schema as_in_files(model::Schema schema) {
    for (auto& field : schema.fields) {
      if (!field.stored_as.empty()) field.name = field.stored_as;
    }
    return schema;
  }

  // The pinned columns of a relation that has some of them by their names in files, perhaps of other types.
  std::string pinned(const std::set<std::string>& there) const {
    std::string text;
    for (const auto& field : stream_.schema.fields) {
      const std::string& in_files = field.stored_as.empty() ? field.name : field.stored_as;
      text += fmt::format("CAST({} AS {}) AS {}, ",
                          there.contains(in_files) ? sql::quote_identifier(in_files) : "NULL",
                          field.type.to_sql(), sql::quote_identifier(field.name));
    }
    return text;
  }

  Status add_archive(model::Offset end) {
    for (const std::string& file : stream_.archive_files) {
      const std::string scan = parquet_scan({file}, "");
      std::set<std::string> there;
      for (const auto& column : TRY(session_.describe("SELECT * FROM " + scan))) there.insert(column.name);
      TRY(session_.run(
          fmt::format("INSERT INTO {} SELECT {}{} FROM {} WHERE _partition = {} AND _offset < {}",
                      raw_table(stream_.name), pinned(there), system_columns, scan, partition_, end)));
    }
    return {};
  }

  Status add_log(model::Offset from, model::Offset end) {
    return read_log(folder_, from, end, [&](const LogRecords& batch) -> Status {
      if (batch.encoding == log::Encoding::bulk) return add_bulk(batch, from, end);
      const model::Schema& schema = TRY(version(batch.schema_version));
      if (!writer_ || writer_version_ != schema.version) TRY(begin_staged(schema));
      for (PlainEvent& event : TRY(decode_plainly(batch, schema))) {
        if (event.offset < from || event.offset >= end) continue;
        event.fields.push_back(Value::of_integer(partition_));
        event.fields.push_back(Value::of_integer(event.offset));
        event.fields.push_back(Value::of_integer(batch.ingested_at_us));
        event.fields.push_back(Value::of_text(std::move(event.raw)));
        TRY(writer_->append(event.fields));
        if (++read_ % 100'000 == 0 && progress_) progress_(read_);
      }
      return {};
    });
  }

  // Not const &: TRY hands values on.
  Result<model::Schema> version(uint32_t number) {
    // One may say only what it adds to the one before.
    while (versions_.size() < number) {
      const auto next = static_cast<uint32_t>(versions_.size() + 1);
      const io::Path file = io::Path(stream_.log_folder) / "schema" / fmt::format("{}.json", next);
      const model::Schema* before = versions_.empty() ? nullptr : &versions_.rbegin()->second;
      versions_[next] = TRY(model::Schema::from_json(TRY(io::local_file_system().read_file(file)), before));
    }
    return versions_.at(number);
  }

  Status begin_staged(const model::Schema& schema) {
    TRY(flush());
    const std::string table = fmt::format("{}:{}", stream_.name, schema.version);
    if (std::find(staged_.begin(), staged_.end(), table) == staged_.end()) {
      staged_.push_back(table);
      TRY(session_.run(
          fmt::format("CREATE TABLE {} ({}_partition INTEGER, _offset BIGINT, _ingested_at TIMESTAMP "
                      "WITH TIME ZONE, _raw VARCHAR)",
                      raw_table(table), declared(as_in_files(schema)))));
    }
    writer_.emplace(TRY(sql::TableWriter::open(session_, "raw", table)));
    writer_version_ = schema.version;
    return {};
  }

  Status flush() {
    if (!writer_) return {};
    Status closed = writer_->close();
    writer_.reset();
    return closed;
  }

  // Of a schema version, into the stream's own columns.
  Status add_staged(const std::string& table) {
    std::set<std::string> there;
    for (const auto& column : TRY(session_.describe("SELECT * FROM " + raw_table(table))))
      there.insert(column.name);
    TRY(session_.run(fmt::format("INSERT INTO {} SELECT {}{} FROM {}", raw_table(table_), pinned(there),
                                 system_columns, raw_table(table))));
    return session_.run("DROP TABLE " + raw_table(table));
  }

  Status add_bulk(const LogRecords& batch, model::Offset from, model::Offset end) {
    const auto record = nlohmann::json::parse(batch.records[0], nullptr, false);
    if (!record.is_object()) return fail(Code::corrupt, "the record of a bulk file is no JSON");
    const io::Path file = folder_ / "bulk" / record.value("file", "");
    TRY(check_file(file, record.value("bytes", uint64_t{0}), record.value("crc32c", 0u)));
    std::set<std::string> there;
    for (const auto& column : record.value("columns", std::vector<std::string>{})) there.insert(column);
    has_bulk_ = true;
    return session_.run(fmt::format(
        "INSERT INTO {} SELECT {}{}, {} + file_row_number, make_timestamptz({}), NULL FROM {} WHERE {} + "
        "file_row_number >= {} AND {} + file_row_number < {}",
        raw_table(table_), pinned(there), partition_, batch.base_offset, batch.ingested_at_us,
        parquet_scan({file.string()}, ", file_row_number = true"), batch.base_offset, from, batch.base_offset,
        end));
  }

  static Status check_file(const io::Path& path, uint64_t bytes, uint32_t checksum) {
    constexpr size_t step = 16 << 20;
    const auto file = TRY(io::local_file_system().open(path, io::FileSystem::Open::read));
    uint32_t sum = 0;
    uint64_t at = 0;
    while (true) {
      const std::string part = TRY(file->read_at(at, step));
      if (part.empty()) break;
      sum = crc32c(part, sum);
      at += part.size();
    }
    if (at == bytes && sum == checksum) return {};
    return fail(Code::corrupt,
                fmt::format("the bulk file {} is not the one that its record names", path.string()));
  }

  // Dense, each once.
  Status check_offsets() {
    const auto found =
        TRY(session_.query(fmt::format("SELECT count(*), count(DISTINCT _offset), coalesce(min(_offset), 0), "
                                       "coalesce(max(_offset) + 1, 0) FROM {} WHERE _partition = {}",
                                       raw_table(stream_.name), partition_)));
    const int64_t rows = found.integer(0, 0);
    if (rows == end_ && found.integer(0, 1) == rows && found.integer(0, 2) == 0 &&
        found.integer(0, 3) == end_)
      return {};
    return fail(
        Code::corrupt,
        fmt::format(
            "{} has {} events with {} offsets from {} to {}, and must have each offset before {} once",
            described(), rows, found.integer(0, 1), found.integer(0, 2), found.integer(0, 3), end_));
  }

  // Whether some ranges of the archive are what the log has. The stream's own table is only read: a log that
  // forgets a range meanwhile lets run() begin anew, and what other partitions have loaded stays.
  Status compare_sampled(model::Offset kept, model::Offset end) {
    const std::string archived = stream_.name + ":archived";
    const std::string logged = stream_.name + ":logged";
    for (int range = 0; range < sampled_ranges; ++range) {
      const model::Offset begin = kept + (end - kept) / sampled_ranges * range;
      const model::Offset stop = std::min(begin + sampled_range_events, end);
      if (begin >= stop) continue;
      if (progress_) progress_(end_);
      TRY(session_.run(
          fmt::format("CREATE TABLE {} AS FROM {} WHERE _partition = {} AND _offset >= {} AND _offset < "
                      "{}",
                      raw_table(archived), raw_table(table_), partition_, begin, stop)));
      TRY(session_.run(
          fmt::format("CREATE TABLE {} AS FROM {} LIMIT 0", raw_table(logged), raw_table(archived))));
      PartitionLoader sampled(session_, stream_, partition_, logged, nullptr);
      TRY(sampled.add_log(begin, stop));
      TRY(sampled.flush());
      for (const std::string& table : sampled.staged_) TRY(sampled.add_staged(table));
      const auto other = TRY(session_.query(fmt::format(
          "SELECT count(*), min(_offset) FROM ((FROM {0} EXCEPT ALL FROM {1}) UNION ALL (FROM {1} EXCEPT "
          "ALL FROM {0}))",
          raw_table(logged), raw_table(archived))));
      TRY(session_.run("DROP TABLE " + raw_table(archived)));
      TRY(session_.run("DROP TABLE " + raw_table(logged)));
      if (other.integer(0, 0) > 0) {
        return fail(Code::corrupt,
                    fmt::format("the archive of {} holds another event at offset {} than the log",
                                described(), other.integer(0, 1)));
      }
    }
    return {};
  }

  sql::Session& session_;
  const VerifyJob::Stream& stream_;
  const std::string table_;
  const model::Partition partition_;
  const model::Offset end_;
  const model::Offset archive_end_;
  const io::Path folder_;
  const std::function<void(int64_t)> progress_;
  std::map<uint32_t, model::Schema> versions_;
  std::vector<std::string> staged_;  // tables of schema versions
  std::optional<sql::TableWriter> writer_;
  uint32_t writer_version_ = 0;
  int64_t read_ = 0;
  bool has_bulk_ = false;
};

}  // namespace

std::string parquet_scan(const std::vector<std::string>& files, const std::string& options) {
  const std::string list =
      join(files, [](const std::string& file) { return sql::quote_literal(as_pattern(file)); });
  return fmt::format("read_parquet([{}], hive_partitioning = false{})", list, options);
}

Result<LoadedStream> load_stream(sql::Session& session, const VerifyJob::Stream& stream,
                                 int64_t raw_events_max, const std::function<void(int64_t)>& progress) {
  TRY(PartitionLoader::create_table(session, stream));
  LoadedPartition all;
  int64_t before = 0;  // of the partitions that are done
  for (size_t number = 0; number < stream.ends.size(); ++number) {
    const auto loaded =
        TRY(PartitionLoader(session, stream, static_cast<model::Partition>(number), stream.name,
                            [&](int64_t read) {
                              if (progress) progress(before + read);
                            })
                .run(raw_events_max));
    all.has_log |= loaded.has_log;
    all.has_archive |= loaded.has_archive;
    all.has_bulk_files |= loaded.has_bulk_files;
    before += stream.ends[number];
  }
  LoadedStream loaded;
  loaded.source = !all.has_archive ? "log" : all.has_log ? "log and archive" : "archive";
  if (all.has_bulk_files) loaded.source += all.has_archive ? ", bulk files" : " and bulk files";
  return loaded;
}

Status load_table(sql::Session& session, const VerifyJob::Table& table) {
  std::string columns;
  for (const auto& column : table.columns) {
    const std::string name = sql::quote_identifier(column.name);
    columns += fmt::format("CAST({} AS {}) AS {}, ", name, column.type, name);
  }
  return session.run(
      fmt::format("CREATE TABLE {} AS SELECT {}file_row_number AS {} FROM {} ORDER BY file_row_number",
                  raw_table(table.name), columns, sql::quote_identifier(table_row_column),
                  parquet_scan({table.file}, ", file_row_number = true")));
}

}  // namespace anabranch::quality
