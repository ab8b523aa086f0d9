#include "quality/verify_job.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace anabranch::quality {

using nlohmann::json;

std::string VerifyJob::to_json() const {
  json document = {{"file", file},
                   {"folder", folder},
                   {"streams", json::array()},
                   {"tables", json::array()},
                   {"views", json::array()},
                   {"sample_buckets", sample_buckets},
                   {"raw_events_max", raw_events_max},
                   {"threads", threads},
                   {"memory_bytes_max", memory_bytes_max}};
  for (const Stream& stream : streams) {
    document["streams"].push_back({{"name", stream.name},
                                   {"log_folder", stream.log_folder},
                                   {"ends", stream.ends},
                                   {"schema", stream.schema.to_json()},
                                   {"archive_files", stream.archive_files},
                                   {"archive_ends", stream.archive_ends}});
  }
  for (const Table& table : tables) {
    json columns = json::array();
    for (const auto& column : table.columns) columns.push_back({column.name, column.type});
    document["tables"].push_back({{"name", table.name}, {"file", table.file}, {"columns", columns}});
  }
  for (const View& view : views) {
    json predicates = json::array();
    for (const Predicate& predicate : view.predicates) {
      predicates.push_back({{"where", predicate.where},
                            {"shown", predicate.shown},
                            {"hashed", predicate.hashed},
                            {"rows", predicate.rows},
                            {"hash", predicate.hash}});
    }
    document["views"].push_back({{"name", view.name},
                                 {"sql", view.sql},
                                 {"columns", view.columns},
                                 {"is_asked", view.is_asked},
                                 {"is_maintained", view.is_maintained},
                                 {"read_table", view.read_table},
                                 {"read_error", view.read_error},
                                 {"recorded_table", view.recorded_table},
                                 {"recorded_stream", view.recorded_stream},
                                 {"predicates", predicates}});
  }
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<VerifyJob> VerifyJob::from_json(std::string_view text) {
  VerifyJob job;
  try {
    const auto document = json::parse(text);
    job.file = document.at("file");
    job.folder = document.at("folder");
    job.sample_buckets = document.at("sample_buckets");
    job.raw_events_max = document.at("raw_events_max");
    job.threads = document.at("threads");
    job.memory_bytes_max = document.at("memory_bytes_max");
    for (const auto& entry : document.at("streams")) {
      Stream stream{entry.at("name"),          entry.at("log_folder"),  entry.at("ends"), {},
                    entry.at("archive_files"), entry.at("archive_ends")};
      stream.schema = TRY(model::Schema::from_json(entry.at("schema").get<std::string>()));
      job.streams.push_back(std::move(stream));
    }
    for (const auto& entry : document.at("tables")) {
      Table table{entry.at("name"), entry.at("file"), {}};
      for (const auto& column : entry.at("columns"))
        table.columns.push_back({column[0].get<std::string>(), column[1].get<std::string>()});
      job.tables.push_back(std::move(table));
    }
    for (const auto& entry : document.at("views")) {
      View view{entry.at("name"),
                entry.at("sql"),
                entry.at("columns"),
                entry.at("is_asked"),
                entry.at("is_maintained"),
                entry.at("read_table"),
                entry.at("read_error"),
                entry.at("recorded_table"),
                entry.at("recorded_stream"),
                {}};
      for (const auto& predicate : entry.at("predicates")) {
        view.predicates.push_back({predicate.at("where"), predicate.at("shown"), predicate.at("hashed"),
                                   predicate.at("rows"), predicate.at("hash")});
      }
      job.views.push_back(std::move(view));
    }
  } catch (const json::exception& error) {
    return fail(Code::bad_input, fmt::format("a verify job cannot be read: {}", error.what()));
  }
  return job;
}

}  // namespace anabranch::quality
