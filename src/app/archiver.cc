#include "app/archiver.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/mistake.h"
#include "ingest/bulk.h"
#include "io/random.h"
#include "lake/delta_table.h"
#include "lake/type_mapping.h"
#include "sql/parquet_file.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::app {
namespace {

const std::string txn_app = "anabranch.archive";
constexpr model::Offset rows_per_file = 2'000'000;

std::string table_key(const std::string& stream) { return "lake/bronze/" + stream; }

}  // namespace

// Files of an archiving that failed or was killed before the table named them.
Status Archiver::remove_leftovers(lake::DeltaTable& table, const std::string& stream) {
  const auto snapshot = TRY(table.snapshot());
  std::set<std::string> named;
  for (const auto& file : snapshot.files) named.insert(file.path);
  const std::string folder = table_key(stream) + "/";
  for (const auto& object : TRY(store_.list(folder))) {
    const std::string name = object.key.substr(folder.size());
    if (name.ends_with(".parquet") && !named.contains(name)) TRY(store_.remove(object.key));
  }
  return {};
}

Result<speed::Archive> Archiver::archive_of(const std::string& stream) {
  auto table = TRY(lake::DeltaTable::open(store_, table_key(stream), clock_));
  const auto snapshot = TRY(table->snapshot());
  speed::Archive archive;
  for (const auto& file : snapshot.files)
    archive.files.push_back(store_.local_path(table->data_file_key(file.path)));
  if (archive.files.size() > 1 && is_planted("the archive forgets its newest file")) archive.files.pop_back();
  if (const auto end = snapshot.transactions.find(txn_app); end != snapshot.transactions.end())
    archive.end = end->second;
  return archive;
}

Result<std::map<std::string, speed::Archive>> Archiver::archives() {
  Lock lock(mutex_);
  std::map<std::string, speed::Archive> all;
  for (const OpenStream& stream : streams_) all["bronze." + stream.name] = TRY(archive_of(stream.name));
  return all;
}

Status Archiver::archive(const model::Offsets& end) {
  Lock lock(mutex_);
  for (const OpenStream& stream : streams_) {
    const auto wanted = end.find(stream.name);
    if (wanted != end.end() && !wanted->second.empty()) TRY(archive_stream(stream, wanted->second[0]));
  }
  return {};
}

Status Archiver::archive_stream(const OpenStream& stream, model::Offset end) {
  const std::string relation_name = "bronze." + stream.name;
  model::Offset from = TRY(archive_of(stream.name)).end;
  if (from >= end) return {};
  auto table = TRY(lake::DeltaTable::open(store_, table_key(stream.name), clock_));
  const model::SchemaPtr schema = stream.schemas->latest();
  TRY(remove_leftovers(*table, stream.name));
  const views::Relation relation = views::stream_relation(relation_name, *schema);
  std::vector<sql::OutputColumn> columns = relation.columns;
  columns.insert(columns.end(), relation.hidden_columns.begin(), relation.hidden_columns.end());
  std::string names;
  for (const auto& column : columns)
    names += (names.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  const std::string feed = fmt::format("archive_{}_v{}", stream.name, schema->version);
  TRY(database_.register_feed(feed, *schema, std::make_shared<speed::LogFeed>(stream.source())));
  auto session = TRY(database_.connect());
  while (from < end) {
    // A bulk file is a file here too; what lies between two of them is decoded from the log.
    model::Offset until = std::min(end, from + rows_per_file);
    std::string source;
    for (const auto& batch : speed_->bulk_batches(relation_name, from, end)) {
      if (batch->base_offset > from) {
        until = std::min(until, batch->base_offset);
        break;
      }
      until = std::min(end, batch->end_offset());
      const auto file = TRY(ingest::bulk_file(*batch));
      source = ingest::bulk_relation(file, ingest::bulk_folder(stream.folder, batch->partition), *batch,
                                     *schema, from, until);
      break;
    }
    if (source.empty()) source = fmt::format("{}({}, {})", feed, from, until);
    if (until - from > 1 && is_planted("the archive has one event twice in place of another")) {
      source = fmt::format("(FROM {0} WHERE _offset > {1} UNION ALL FROM {0} WHERE _offset = {1} + 1)",
                           source, from);
    }
    const std::string name =
        lake::data_file_name(fmt::format("{:020}-{:08x}", from, static_cast<uint32_t>(io::random_u64())), 0);
    const std::string key = table->data_file_key(name);
    TRY(store_.prepare(key));
    const std::string select =
        TRY(lake::select_for_parquet(columns, fmt::format("SELECT {} FROM {}", names, source)));
    const int64_t copied = TRY(sql::write_parquet(session, select, store_.local_path(key)));
    if (copied != until - from) {
      return fail(Code::corrupt, fmt::format("{}: the log gave {} events for offsets {} to {}", relation_name,
                                             copied, from, until));
    }
    const int64_t bytes = TRY(store_.make_durable(key));
    TRY(table->append(columns, {{name, bytes, until - from}}, {txn_app, until}));
    from = until;
  }
  return {};
}

}  // namespace anabranch::app
