#include "history/archiver.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "io/random.h"
#include "lake/delta_table.h"
#include "lake/type_mapping.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::history {
namespace {

const std::string txn_app = "anabranch.archive";
constexpr model::Offset rows_per_file = 2'000'000;

std::string table_key(const Stream& stream) { return "lake/bronze/" + stream.bare_name(); }

std::string file_name(model::Offset first) {
  return lake::data_file_name(fmt::format("{:020}-{:08x}", first, static_cast<uint32_t>(io::random_u64())),
                              0);
}

// One that file_name() gives: digits where it has digits.
bool is_name_of_ours(std::string_view name) {
  static const std::string pattern = lake::data_file_name(std::string(20, '0') + "-00000000", 0);
  return name.size() == pattern.size() &&
         std::equal(name.begin(), name.end(), pattern.begin(), [](char c, char like) {
           const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           return like == '0' ? is_digit : c == like;
         });
}

Status check_file(const std::string& path, const std::string& key, int64_t size) {
  const auto file = io::local_file_system().open(path, io::FileSystem::Open::read);
  const auto found = file ? (*file)->size() : fail(file.error());
  if (found && static_cast<int64_t>(*found) == size) return {};
  if (!found && found.error().code != Code::not_found) return fail(found.error());
  const std::string folder = key.substr(0, key.rfind('/'));
  return fail(
      Code::unavailable,
      found ? fmt::format("{} is damaged: it has {} bytes, not {}", key, *found, size)
            : fmt::format("{} is missing", key),
      fmt::format("restore it from a backup, or remove {}: what the log holds is archived anew", folder));
}

}  // namespace

// Files of an archiving that failed or was killed before the table named them. Only those that have a name of
// ours: another program may be about to append to the table.
Status Archiver::remove_leftovers(lake::DeltaTable& table, const Stream& stream) {
  const auto snapshot = TRY(table.snapshot());
  std::set<std::string> named;
  for (const auto& file : snapshot.files) named.insert(file.path);
  const std::string folder = table_key(stream) + "/";
  for (const auto& object : TRY(store_.list(folder))) {
    const std::string name = object.key.substr(folder.size());
    if (is_name_of_ours(name) && !named.contains(name)) TRY(store_.remove(object.key));
  }
  return {};
}

Result<Archive> Archiver::archive_of(const Stream& stream) {
  auto table = TRY(lake::DeltaTable::open(store_, table_key(stream), clock_));
  const auto snapshot = TRY(table->snapshot());
  Archive archive;
  for (const auto& file : snapshot.files) {
    archive.files.push_back(store_.local_path(table->data_file_key(file.path)));
    TRY(check_file(archive.files.back(), table->data_file_key(file.path), file.size));
  }
  if (archive.files.size() > 1 && is_planted("the archive forgets its newest file")) archive.files.pop_back();
  if (const auto end = snapshot.transactions.find(txn_app); end != snapshot.transactions.end())
    archive.end = end->second;
  return archive;
}

std::map<std::string, Archive> Archiver::readable_archives(std::map<std::string, Error>& damaged) {
  Lock lock(mutex_);
  std::map<std::string, Archive> all;
  for (const Stream& stream : history_.streams()) {
    auto archive = archive_of(stream);
    if (!archive) damaged[stream.name] = archive.error();
    all[stream.name] = archive ? std::move(*archive) : Archive();
  }
  return all;
}

Result<std::map<std::string, Archive>> Archiver::archives() {
  Lock lock(mutex_);
  std::map<std::string, Archive> all;
  for (const Stream& stream : history_.streams()) all[stream.name] = TRY(archive_of(stream));
  return all;
}

Status Archiver::archive(const model::Offsets& end) {
  Lock lock(mutex_);
  for (const Stream& stream : history_.streams()) {
    const auto wanted = end.find(stream.bare_name());
    if (wanted != end.end() && !wanted->second.empty()) TRY(archive_stream(stream, wanted->second[0]));
  }
  return {};
}

Status Archiver::archive_stream(const Stream& stream, model::Offset end) {
  const model::Offset archived = TRY(archive_of(stream)).end;
  if (archived >= end) return {};
  auto table = TRY(lake::DeltaTable::open(store_, table_key(stream), clock_));
  if (!tidy_.contains(stream.name)) TRY(remove_leftovers(*table, stream));
  tidy_.erase(stream.name);  // until this one has ended well
  // All that events ever brought, by names that stay: what was dropped may be declared again.
  const auto schema = std::make_shared<const model::Schema>(stream.schemas->latest()->as_stored());
  const views::Relation relation = views::stream_relation(stream.name, *schema);
  std::vector<sql::OutputColumn> columns = relation.columns;
  columns.insert(columns.end(), relation.hidden_columns.begin(), relation.hidden_columns.end());
  std::string names;
  for (const auto& column : columns)
    names += (names.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  TRY(history_.prepare(stream.name, *schema, History::Reader::archiver));
  auto session = TRY(database_.connect());
  const auto pieces = TRY(
      history_.unarchived(stream.name, *schema, {archived, end}, History::Reader::archiver, rows_per_file));
  model::Offset due = archived;
  for (const History::Piece& piece : pieces) {
    const auto [first, until] = piece.range;
    if (first != due) {
      return fail(Code::corrupt,
                  fmt::format("{}: the events at offsets {} to {} lie nowhere", stream.name, due, first));
    }
    due = until;
    std::string source = piece.source;
    if (until - first > 1 && is_planted("the archive has one event twice in place of another")) {
      source = fmt::format("(FROM {0} WHERE _offset > {1} UNION ALL FROM {0} WHERE _offset = {1} + 1)",
                           source, first);
    }
    const std::string name = file_name(first);
    const std::string key = table->data_file_key(name);
    TRY(store_.prepare(key));
    const std::string select =
        TRY(lake::select_for_parquet(columns, fmt::format("SELECT {} FROM {}", names, source)));
    const int64_t copied = TRY(sql::write_parquet(session, select, store_.local_path(key)));
    if (copied != until - first) {
      return fail(Code::corrupt, fmt::format("{}: the log gave {} events for offsets {} to {}", stream.name,
                                             copied, first, until));
    }
    const int64_t bytes = TRY(store_.make_durable(key));
    TRY(table->append(columns, {{name, bytes, until - first}}, {txn_app, until}));
  }
  tidy_.insert(stream.name);
  return {};
}

}  // namespace anabranch::history
