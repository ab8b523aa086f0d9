#include "history/archiver.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "io/random.h"
#include "lake/delta_table.h"
#include "lake/type_mapping.h"
#include "sql/object_urls.h"
#include "sql/parquet_file.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::history {
namespace {

// How far a partition is archived; the first one has the name that it had when it was the only one.
std::string archive_app(model::Partition partition) {
  return partition == 0 ? "anabranch.archive" : fmt::format("anabranch.archive.{}", partition);
}

const std::string put_together_app = "anabranch.compact";
constexpr model::Offset rows_per_file = 2'000'000;
// Files are put together by size: so many of one size, or smaller, become one of the next. A read opens a few
// of each size, and an event is rewritten once a size.
constexpr size_t files_of_a_size = 8;
constexpr model::Offset smallest_size_rows = 4'096;
constexpr model::Offset size_factor = 8;
constexpr model::Offset large_file_rows = 1'000'000;  // such a one stays as it is

std::string table_key(const Stream& stream) { return "lake/bronze/" + stream.bare_name(); }

std::string file_name(model::Partition partition, model::Offset first) {
  return lake::data_file_name(fmt::format("{:020}-{:08x}", first, static_cast<uint32_t>(io::random_u64())),
                              partition);
}

// Where the events of a file are that file_name() named.
struct FirstEvent {
  model::Partition partition = 0;
  model::Offset offset = 0;
};

// Nothing for other names.
std::optional<FirstEvent> first_event_of(std::string_view name) {
  static const std::string pattern = lake::data_file_name(std::string(20, '0') + "-xxxxxxxx", 0);
  constexpr size_t partition_at = std::string_view("part-").size();
  constexpr size_t offset_at = std::string_view("part-00000-").size();
  const bool is_ours =
      name.size() == pattern.size() &&
      std::equal(name.begin(), name.end(), pattern.begin(), [](char c, char like) {
        const bool is_decimal = c >= '0' && c <= '9';
        return like == '0' ? is_decimal : like == 'x' ? is_decimal || (c >= 'a' && c <= 'f') : c == like;
      });
  if (!is_ours) return std::nullopt;
  FirstEvent first;
  const char* digits = name.data() + offset_at;
  if (std::from_chars(digits, digits + 20, first.offset).ec != std::errc()) return std::nullopt;
  const char* partition = name.data() + partition_at;
  if (std::from_chars(partition, partition + 5, first.partition).ec != std::errc()) return std::nullopt;
  return first;
}

bool is_name_of_ours(std::string_view name) { return first_event_of(name).has_value(); }

// The files of one partition, in the order of the table. A file that another program has made of several is
// in all of them.
std::vector<lake::DataFile> files_of(const std::vector<lake::DataFile>& files, model::Partition partition) {
  std::vector<lake::DataFile> found;
  for (const lake::DataFile& file : files) {
    const auto first = first_event_of(file.path);
    if (!first || first->partition == partition) found.push_back(file);
  }
  return found;
}

// `has_all`: whether the log holds all of the stream.
Status check_file(lake::ObjectStore& store, const std::string& key, int64_t size, bool has_all) {
  const auto found = store.open(key);
  if (found && static_cast<int64_t>((*found)->size()) == size) return {};
  if (!found && found.error().code != Code::not_found) return fail(found.error());
  const std::string folder = key.substr(0, key.rfind('/'));
  return fail(
      Code::unavailable,
      found ? fmt::format("{} is damaged: it has {} bytes, not {}", key, (*found)->size(), size)
            : fmt::format("{} is missing", key),
      has_all ? fmt::format("restore it from a backup, or remove {}: the log holds all and is archived anew",
                            folder)
              : "restore it from a backup: the log does not hold these events any more");
}

}  // namespace

Result<lake::DeltaTable*> Archiver::table_of(const Stream& stream) {
  auto& table = tables_[stream.name.text()];
  if (!table) table = TRY(lake::DeltaTable::open(store_, table_key(stream), clock_));
  return table.get();
}

bool Archiver::is_leased(const std::string& stream, const std::string& path) {
  auto& leases = leases_[stream];
  std::erase_if(leases, [](const auto& lease) { return lease.expired(); });
  return std::any_of(leases.begin(), leases.end(), [&](const auto& lease) {
    const auto paths = lease.lock();
    return paths && paths->contains(path);
  });
}

// What was replaced, and what an archiving that failed or was killed has left before the table named it. Of
// the latter only those that have a name of ours: another program may be about to append to the table.
Status Archiver::remove_files(const Stream& stream, lake::DeltaTable& table, int64_t removed_after_ms) {
  lake::DeltaTable::Keep keep;
  keep.removed_after_ms = removed_after_ms;
  keep.is_used = [&](const std::string& path)
                     REQUIRES(mutex_) { return is_leased(stream.name.text(), path); };
  keep.is_ours = is_name_of_ours;
  TRY(table.tidy(keep));
  return {};
}

Result<Archive> Archiver::archive_of(const Stream& stream) {
  lake::DeltaTable& table = *TRY(table_of(stream));
  const auto snapshot = TRY(table.snapshot());
  Archive archive;
  auto paths = std::make_shared<Paths>();
  const auto all = partitions_of(stream);
  const bool has_all = std::all_of(
      all.begin(), all.end(), [](const StreamPartition& partition) { return partition.first_offset() == 0; });
  for (const StreamPartition& partition : all) {
    ArchivedPartition& archived = archive.partitions.emplace_back();
    for (const auto& file : files_of(snapshot.files, partition.number)) {
      const std::string key = table.data_file_key(file.path);
      TRY(check_file(store_, key, file.size, has_all));
      archived.files.push_back(sql::object_url(key));
      paths->insert(file.path);
    }
    if (archived.files.size() > 1 && is_planted("the archive forgets its newest file"))
      archived.files.pop_back();
    const auto end = snapshot.transactions.find(archive_app(partition.number));
    if (end != snapshot.transactions.end()) archived.end = end->second;
  }
  auto& leases = leases_[stream.name.text()];
  std::erase_if(leases, [](const auto& lease) { return lease.expired(); });
  leases.push_back(paths);
  archive.lease = std::move(paths);
  return archive;
}

std::map<std::string, Archive> Archiver::readable_archives(std::map<std::string, Error>& damaged) {
  Lock lock(mutex_);
  std::map<std::string, Archive> all;
  for (const Stream& stream : history_.streams()) {
    auto archive = archive_of(stream);
    if (!archive) damaged[stream.name.text()] = archive.error();
    all[stream.name.text()] = archive ? std::move(*archive) : Archive();
  }
  return all;
}

Result<std::map<std::string, Archive>> Archiver::archives() {
  Lock lock(mutex_);
  std::map<std::string, Archive> all;
  for (const Stream& stream : history_.streams()) all[stream.name.text()] = TRY(archive_of(stream));
  return all;
}

Status Archiver::archive(const model::Offsets& end) {
  Lock lock(mutex_);
  for (const Stream& stream : history_.streams()) {
    const auto wanted = end.find(stream.bare_name());
    if (wanted == end.end()) continue;
    for (const StreamPartition& partition : partitions_of(stream))
      TRY(archive_partition(partition, model::offset_of(end, stream.bare_name(), partition.number)));
  }
  return {};
}

namespace {

// All that events ever brought, by names that stay: what was dropped may be declared again.
struct Stored {
  explicit Stored(const Stream& stream)
      : schema(std::make_shared<const model::Schema>(stream.schemas->latest()->as_stored())),
        columns(columns_of(stream.name.text(), *schema)) {}
  const std::shared_ptr<const model::Schema> schema;
  const std::vector<model::RelationColumn> columns;
};

// The newest files that are many for what they hold, and become one of the next size, by the offset of their
// first event; or none.
std::vector<lake::DataFile> many_small(const std::vector<lake::DataFile>& files) {
  for (model::Offset rows_max = smallest_size_rows;; rows_max *= size_factor) {
    rows_max = std::min(rows_max, large_file_rows);
    auto first = files.end();
    model::Offset rows = 0;
    while (first != files.begin()) {
      const lake::DataFile& file = *std::prev(first);
      if (!is_name_of_ours(file.path) || file.rows < 0 || file.rows >= rows_max) break;
      if (rows + file.rows > rows_per_file) break;  // no more is rewritten at once
      rows += file.rows;
      --first;
    }
    const auto count = static_cast<size_t>(files.end() - first);
    const bool are_many = count >= files_of_a_size || (rows_max == large_file_rows && count > 1);
    if (are_many && (rows_max == smallest_size_rows || rows >= rows_max)) return {first, files.end()};
    if (rows_max == large_file_rows) return {};
  }
}

}  // namespace

Result<lake::DataFile> Archiver::write_file(sql::Session& session, const lake::DeltaTable& table,
                                            const std::vector<model::RelationColumn>& columns,
                                            const std::string& source, model::Partition partition,
                                            model::OffsetRange range) {
  std::string names;
  for (const auto& column : columns)
    names += (names.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  const std::string name = file_name(partition, range.first);
  const std::string key = table.data_file_key(name);
  const std::string select =
      TRY(lake::select_for_parquet(columns, fmt::format("SELECT {} FROM {}", names, source)));
  const auto written = sql::write_parquet(session, select, sql::object_url(key));
  if (!written || *written != range.size()) (void)store_.remove(key);
  const int64_t copied = TRY(written);
  if (copied != range.size()) {
    return fail(Code::corrupt, fmt::format("{}: there were {} events for offsets {} to {}", table.key(),
                                           copied, range.first, range.end));
  }
  return lake::DataFile{name, TRY(store_.make_durable(key)), copied};
}

Status Archiver::archive_partition(const StreamPartition& partition, model::Offset end) {
  const Stream& stream = partition.stream;
  const model::Offset archived = TRY(archive_of(stream)).of(partition.number).end;
  if (archived >= end) return {};
  lake::DeltaTable& table = *TRY(table_of(stream));
  TRY(remove_files(stream, table, 0));
  const Stored stored(stream);
  TRY(history_.prepare(stream.name.text(), *stored.schema, History::Reader::archiver));
  auto session = TRY(database_.connect());
  const auto pieces = TRY(history_.unarchived(partition, *stored.schema, {archived, end},
                                              History::Reader::archiver, rows_per_file));
  model::Offset due = archived;
  for (const History::Piece& piece : pieces) {
    const auto [first, until] = piece.range;
    if (first != due) {
      return fail(Code::corrupt, fmt::format("{}: the events at offsets {} to {} lie nowhere",
                                             partition.describe(), due, first));
    }
    due = until;
    std::string source = piece.source;
    if (until - first > 1 && is_planted("the archive has one event twice in place of another")) {
      source = fmt::format("(FROM {0} WHERE _offset > {1} UNION ALL FROM {0} WHERE _offset = {1} + 1)",
                           source, first);
    }
    const lake::DataFile file =
        TRY(write_file(session, table, stored.columns, source, partition.number, piece.range));
    TRY(table.append(stored.columns, {file}, {archive_app(partition.number), until}));
  }
  return {};
}

Result<bool> Archiver::tidy_stream(const Stream& stream, int64_t removed_after_ms) {
  lake::DeltaTable& table = *TRY(table_of(stream));
  bool is_other = false;
  for (const StreamPartition& partition : partitions_of(stream))
    is_other |= TRY(put_together(partition, table));
  TRY(remove_files(stream, table, removed_after_ms));
  return is_other;
}

Result<bool> Archiver::tidy(int64_t removed_after_ms) {
  Lock lock(mutex_);
  bool has_changed = false;
  std::optional<Error> failed;  // the first, of a stream; the others go on
  for (const Stream& stream : history_.streams()) {
    const auto tidied = tidy_stream(stream, removed_after_ms);
    if (tidied) has_changed |= *tidied;
    if (!tidied && !failed) failed = tidied.error();
  }
  if (failed) return fail(std::move(*failed));
  return has_changed;
}

Result<bool> Archiver::put_together(const StreamPartition& partition, lake::DeltaTable& table) {
  const auto snapshot = TRY(table.snapshot());
  const auto small = many_small(files_of(snapshot.files, partition.number));
  if (small.empty()) return false;
  std::vector<std::string> paths;
  std::vector<std::string> gone;
  model::OffsetRange range{INT64_MAX, 0};
  for (const lake::DataFile& file : small) {
    paths.push_back(sql::object_url(table.data_file_key(file.path)));
    gone.push_back(file.path);
    const model::Offset first = first_event_of(file.path)->offset;
    range = {std::min(range.first, first), std::max(range.end, first + file.rows)};
  }
  const Stored stored(partition.stream);
  auto session = TRY(database_.connect());
  const std::string source = sql::archive_relation(paths, stored.columns, *stored.schema, range.end);
  const lake::DataFile file =
      TRY(write_file(session, table, stored.columns, source, partition.number, range));
  // Each offset once: what is wrong here would be wrong for ever.
  const std::string written = sql::archive_relation({sql::object_url(table.data_file_key(file.path))},
                                                    stored.columns, *stored.schema, range.end);
  const auto offsets = TRY(session.query(
      fmt::format("SELECT count(DISTINCT _offset), min(_offset), max(_offset) + 1 FROM {}", written)));
  if (offsets.integer(0, 0) != range.size() || offsets.integer(0, 1) != range.first ||
      offsets.integer(0, 2) != range.end) {
    (void)store_.remove(table.data_file_key(file.path));
    return fail(Code::corrupt, fmt::format("{}: its files do not have each event of offsets {} to {} once",
                                           table.key(), range.first, range.end));
  }
  const auto before = snapshot.transactions.find(put_together_app);
  const int64_t number = before == snapshot.transactions.end() ? 1 : before->second + 1;
  TRY(table.rewrite(stored.columns, gone, {file}, {put_together_app, number}));
  return true;
}

}  // namespace anabranch::history
