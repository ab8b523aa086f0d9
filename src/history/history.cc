#include "history/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "ingest/bulk.h"
#include "model/names.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"
#include "views/relation.h"

namespace anabranch::history {
namespace {

// The events of a bulk batch within `range`, by the file that lies in the stream's folder.
Result<std::string> bulk_source(const Stream& stream, const log::Batch& batch, const model::Schema& schema,
                                model::OffsetRange range) {
  const auto file = TRY(ingest::bulk_file(batch));
  return ingest::bulk_relation(file, ingest::bulk_folder(stream.folder, batch.partition), batch, schema,
                               std::max(range.first, batch.base_offset),
                               std::min(range.end, batch.end_offset()));
}

model::Offset end_of(const std::vector<model::Offset>& ends, model::Partition partition) {
  const auto index = static_cast<size_t>(partition);
  return index < ends.size() ? ends[index] : 0;
}

}  // namespace

std::vector<model::RelationColumn> columns_of(const std::string& stream, const model::Schema& schema) {
  const auto relation = views::stream_relation(stream, schema);
  std::vector<model::RelationColumn> columns = relation.columns;
  columns.insert(columns.end(), relation.hidden_columns.begin(), relation.hidden_columns.end());
  return columns;
}

Result<std::string> file_source(const Events& events, const model::Schema& schema) {
  if (events.bulk) return bulk_source(events.partition.stream, *events.bulk, schema, events.range);
  return fmt::format(
      "(FROM {} WHERE _offset >= {})",
      sql::archive_relation(events.archived, columns_of(events.partition.stream.name.text(), schema), schema,
                            events.range.end, events.partition.among_others()),
      events.range.first);
}

void History::add(const Stream& stream) {
  Lock lock(streams_mutex_);
  streams_.push_back(stream);
}

void History::remove(const std::string& name) {
  {
    Lock lock(streams_mutex_);
    for (Stream& stream : streams_) {
      if (stream.name.text() == name) stream.name = {};
    }
  }
  Lock lock(mutex_);
  ++removed_[name];
}

std::vector<Stream> History::streams() const {
  Lock lock(streams_mutex_);
  std::vector<Stream> all(streams_.begin(), streams_.end());
  std::erase_if(all, [](const Stream& stream) { return stream.name.empty(); });
  return all;
}

const Stream* History::find(std::string_view name) const {
  Lock lock(streams_mutex_);
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const Stream& stream) { return stream.name.text() == name; });
  return found == streams_.end() ? nullptr : &*found;
}

Result<const Stream*> History::known(const std::string& name) const {
  if (const Stream* stream = find(name)) return stream;
  return fail(Code::not_found, fmt::format("{} is not a stream", name));
}

// The engine keeps what it was told for ever: a stream that comes by the name of one that went has functions
// of its own.
std::string History::feed_name(std::string_view prefix, const StreamPartition& partition,
                               const model::Schema& schema) const {
  const auto removed = removed_.find(partition.stream.name.text());
  const std::string which = removed == removed_.end() ? "" : std::to_string(removed->second);
  return fmt::format("{}{}_{}_p{}_v{}", prefix, which, partition.stream.bare_name(), partition.number,
                     schema.version);
}

std::vector<std::string> History::log_functions(const std::string& stream,
                                                const model::Schema& schema) const {
  std::vector<std::string> functions;
  const Stream* known = find(stream);
  if (known == nullptr) return functions;
  Lock lock(mutex_);
  for (const StreamPartition& partition : partitions_of(*known))
    functions.push_back(feed_name("log", partition, schema));
  return functions;
}

Result<std::string> History::feed(const StreamPartition& partition, const model::Schema& schema,
                                  Reader reader) {
  Lock lock(mutex_);
  std::string name = feed_name(reader == Reader::query ? "log" : "archive", partition, schema);
  if (feeds_.contains(name)) return name;
  auto feed = std::make_shared<LogFeed>(partition);
  TRY(database_.register_feed(name, schema, feed));
  feeds_[name] = std::move(feed);
  return name;
}

Status History::prepare(const std::string& stream, const model::Schema& schema, Reader reader) {
  for (const StreamPartition& partition : partitions_of(*TRY(known(stream))))
    TRY(feed(partition, schema, reader));
  return {};
}

Result<std::vector<History::Piece>> History::unarchived(const StreamPartition& partition,
                                                        const model::Schema& schema, model::OffsetRange range,
                                                        Reader reader, model::Offset log_events_max) {
  if (const model::Offset kept = partition.first_offset(); range.first < std::min(range.end, kept))
    return fail_nowhere(partition, {range.first, std::min(range.end, kept)});
  const std::string feed = TRY(this->feed(partition, schema, reader));
  std::vector<Piece> pieces;
  model::Offset at = range.first;
  const auto add_log = [&](model::Offset end) {
    while (at < end) {
      const model::Offset until = end - at > log_events_max ? at + log_events_max : end;
      pieces.push_back({{at, until}, fmt::format("{}({}, {})", feed, at, until)});
      at = until;
    }
  };
  for (const auto& batch :
       TRY(partition.stream.log->bulk_batches(partition.number, range.first, range.end))) {
    add_log(batch->base_offset);
    const model::OffsetRange part{std::max(range.first, batch->base_offset),
                                  std::min(range.end, batch->end_offset())};
    at = part.end;
    if (reader == Reader::query && is_planted("bulk files after the archive are not read")) continue;
    pieces.push_back({part, TRY(bulk_source(partition.stream, *batch, schema, part))});
  }
  add_log(range.end);
  return pieces;
}

Result<std::string> History::relation(const std::string& stream, const model::Schema& schema,
                                      const Archive& archive, const std::vector<model::Offset>& ends) {
  const auto partitions = partitions_of(*TRY(known(stream)));
  const auto columns = columns_of(stream, schema);
  std::string names;
  for (const auto& column : columns)
    names += (names.empty() ? "" : ", ") + sql::quote_identifier(column.name);
  std::vector<std::string> sources;
  for (const StreamPartition& partition : partitions) {
    const ArchivedPartition& archived = archive.of(partition.number);
    const model::Offset end = end_of(ends, partition.number);
    // A file of an older schema version lacks the columns that came later: union_by_name gives NULL.
    if (!archived.files.empty()) {
      sources.push_back(sql::archive_relation(
          archived.files, columns, schema,
          is_planted("reads of events miss the newest of the archive") ? archived.end - 1 : end,
          partition.among_others()));
    }
    model::Offset from = std::min(archived.end, end);
    if (from > 0 && is_planted("archive and log have an event in common")) --from;
    for (Piece& piece : TRY(unarchived(partition, schema, {from, end}, Reader::query)))
      sources.push_back(std::move(piece.source));
  }
  if (sources.empty()) sources.push_back(TRY(feed(partitions.front(), schema, Reader::query)) + "(0, 0)");
  std::string all;
  for (const std::string& source : sources)
    all += fmt::format("{}SELECT {} FROM {}", all.empty() ? "" : " UNION ALL ", names, source);
  return all;
}

Result<std::set<std::string, std::less<>>> History::bulk_files(const std::string& name,
                                                               const Archive& archive,
                                                               const std::vector<model::Offset>& ends) const {
  const Stream& stream = *TRY(known(name));
  std::set<std::string, std::less<>> files;
  for (const StreamPartition& partition : partitions_of(stream)) {
    const model::Offset end = end_of(ends, partition.number);
    // relation() names none before: it fails.
    const model::Offset from =
        std::max(std::min(archive.of(partition.number).end, end), partition.first_offset());
    for (const auto& batch : TRY(stream.log->bulk_batches(partition.number, from, end))) {
      const auto file = TRY(ingest::bulk_file(*batch));
      files.insert((ingest::bulk_folder(stream.folder, batch->partition) / file.name).string());
    }
  }
  return files;
}

int64_t History::log_rows_read() const {
  Lock lock(mutex_);
  int64_t rows = 0;
  for (const auto& [name, feed] : feeds_) {
    if (name.starts_with("log")) rows += feed->rows_read();
  }
  return rows;
}

}  // namespace anabranch::history
