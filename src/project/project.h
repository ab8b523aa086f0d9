#pragma once
// A project as its files say it: plain records, checked by load() in loader.h. Nothing here does anything.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "model/schema.h"
#include "project/secret_text.h"
#include "sql/syntax.h"

namespace anabranch::project {

/// server: where `up` listens.
struct ServerSettings {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  bool operator==(const ServerSettings&) const = default;
};

/// limits: what one client may ask for. 0 means no limit where a comment says so.
struct Limits {
  uint64_t body_bytes_max = 64ull << 20;  // of one request, after decompression
  uint64_t requests_per_second_max = 0;   // over all clients; 0: no limit
  uint64_t query_timeout_ms = 30'000;
  uint64_t query_memory_bytes = 1ull << 30;     // of all running queries together
  uint64_t states_memory_bytes = 1ull << 30;    // of what came after builds, and of tables, beside it
  std::optional<uint64_t> tables_memory_bytes;  // of all tables that lie in memory; unset: half of the above
  uint64_t queries_max = 8;                     // at once; more get 429
  uint64_t answer_bytes_max = 128ull << 20;     // of one answer
  // What is known of producers, for each stream; what was longest not heard of is forgotten first.
  uint64_t producers_max = 10'000;
  uint64_t idempotency_keys_max = 100'000;
  uint64_t producer_memory_hours = 24;
  // A task that takes longer is ended: a copy or an import, a build, a verify.
  uint64_t copy_timeout_ms = 3'600'000;
  uint64_t build_timeout_ms = 86'400'000;
  uint64_t verify_timeout_ms = 3'600'000;

  uint64_t tables_memory() const { return tables_memory_bytes.value_or(states_memory_bytes / 2); }
  bool operator==(const Limits&) const = default;
};

/// build: when a build starts by itself, and when ingestion has to wait for one. 0 switches a rule off.
struct BuildSettings {
  uint64_t auto_events = 1'000'000;           // this many events since the cut-off start a build
  uint64_t auto_replay_ms = 30'000;           // so does this much time to replay them after a restart
  uint64_t ingest_limit_events = 20'000'000;  // past this many, ingestion answers 429
  bool operator==(const BuildSettings&) const = default;
};

/// retention: what is deleted, and when. No answer depends on it.
struct Retention {
  uint64_t log_hours = 24;                  // a segment of a log, once its events are in the archive
  uint64_t builds = 3;                      // the newest, whose states are kept
  uint64_t table_versions = 10;             // of each copied table, beside those that builds name
  uint64_t delta_hours = 168;               // what newer versions of Delta tables have replaced
  std::optional<uint64_t> quarantine_days;  // unset: records that were refused stay for ever
  bool operator==(const Retention&) const = default;
};

/// The adapter that a target chooses for a slot. Which there are, the application knows.
struct SlotChoice {
  std::string adapter;
  Place place;
  bool operator==(const SlotChoice& other) const { return adapter == other.adapter; }
};

/// What may stand at the top of anabranch.yml and, to override it, in a target.
struct Settings {
  std::string data_folder = ".anabranch";  // relative to the root, or absolute
  std::string secrets_file;                // relative to the root, or absolute; empty: `secrets` in the above
  ServerSettings server;
  Limits limits;
  BuildSettings build;
  Retention retention;
  std::map<std::string, SlotChoice> slots;  // only a target chooses; a slot that is not named is "embedded"
  bool operator==(const Settings&) const = default;
};

/// One entry of targets:. `--target NAME` picks it.
struct Target {
  std::string name;
  Settings settings;  // the project's, with what the target overrides
  Place place;
};

/// streams/<name>.yml. In SQL: bronze.<name>.
struct StreamFile {
  std::string name;
  std::string description;
  model::Schema schema;                   // version 0: not yet registered
  std::vector<Place> field_places;        // where the type of each of its fields stands
  std::vector<std::string> key;           // fields that identify what an event is about; may be empty
  uint32_t partitions = 1;                // of its log, at least; events of equal keys go to the same one
  std::optional<std::string> event_time;  // the field that says when it happened
  Place place;
};

enum class FileFormat { csv, json, parquet };

struct CsvOptions {
  std::optional<std::string> delimiter;  // unset: found in the first line
  std::optional<bool> header;            // unset: there is one
  std::string null_text;                 // what stands for NULL beside the empty field
};

/// A column of a table, as far as the source says something of it.
struct TableColumn {
  std::string name;
  std::string from;                 // what the files call it; empty: the same
  std::optional<model::Type> type;  // unset: found by reading all rows
  bool operator==(const TableColumn&) const = default;
};

/// What a source is: tables that are copied, or, of arriving_files, events of a stream.
enum class SourceKind { files, sqlite, arriving_files };

/// One table of a source. In SQL: bronze.<name>.
struct TableFile {
  std::string name;
  std::string source;
  SourceKind kind = SourceKind::files;
  std::string description;
  std::vector<SecretText> paths;  // as written, relative to the root; of files they may hold *, ?, [] and **
  std::string table;              // sqlite: what the database calls it
  FileFormat format = FileFormat::csv;
  CsvOptions csv;
  std::vector<TableColumn> columns;  // some or all
  Place place;
};

/// Events that arrive as files.
struct ArrivingFiles {
  std::string stream;
  std::string folder;  // as written, relative to the root
  std::string format;  // ndjson, json, csv or tsv; empty: by each file's name
  bool operator==(const ArrivingFiles&) const = default;
};

/// sources/<name>.yml.
struct SourceFile {
  std::string name;
  SourceKind kind = SourceKind::files;
  std::string description;
  std::optional<std::string> schedule;    // cron, five fields
  std::optional<ArrivingFiles> arriving;  // of that kind, which has no tables
  std::vector<TableFile> tables;
  Place place;
};

/// A rule about the rows of a view.
struct Expectation {
  enum class Kind { not_null, unique, accepted_values, expression };
  Kind kind = Kind::not_null;
  std::string name;                  // unique within the view
  std::vector<std::string> columns;  // not_null: each; unique: together; accepted_values: one
  std::vector<std::string> values;   // accepted_values: SQL literals
  std::string expression;            // expression: SQL that must not be false in any row
  Place place;
};

struct ModelColumn {
  std::string name;
  std::string description;
  bool is_critical = false;
  Place place;
};

enum class Layer { silver, gold };

/// models/<layer>/<name>.sql with the .yml beside it: a view.
struct Model {
  std::string name;  // "gold.delay_by_carrier"
  Layer layer = Layer::silver;
  std::string file;  // relative to the root
  std::string sql;
  std::shared_ptr<const sql::Select> select;  // what `sql` was parsed to; null where it has a mistake
  std::string description;
  bool is_materialized = false;
  std::optional<std::string> schedule;  // cron, five fields
  std::vector<Expectation> expectations;
  std::vector<ModelColumn> columns;
  std::vector<std::string> depends_on;  // "bronze.flights", …: each once, in order of appearance
};

/// One chart of a dashboard.
struct Chart {
  enum class Kind { bar, line, area, scatter, table, number };
  std::string title;
  std::string view;
  Kind kind = Kind::table;
  std::string x;
  std::vector<std::string> y;
  std::string series;  // the column that splits the rows into several series; may be empty
  uint64_t rows_max = 1000;
  Place place;
};

/// dashboards/<name>.yml.
struct Dashboard {
  std::string name;
  std::string title;
  std::string description;
  std::vector<Chart> charts;
  Place place;
};

/// One entry of tests/*.yml: given these rows, the view has those. A row is a JSON object.
struct UnitTest {
  struct Given {
    std::string relation;  // "bronze.flights"
    std::vector<std::string> rows;
  };
  std::string name;  // the one given, or "<file>:<number>"
  std::string view;
  std::vector<Given> given;
  std::vector<std::string> expect;
  bool is_ordered = false;
  Place place;
};

struct Project {
  std::string name;
  std::string description;
  io::Path root;
  std::string time_zone = "UTC";
  Settings settings;
  std::vector<Target> targets;
  std::string default_target;  // empty: settings as they are, every slot embedded
  std::vector<StreamFile> streams;
  std::vector<SourceFile> sources;
  std::vector<Model> models;  // each after those that it reads
  std::vector<Dashboard> dashboards;
  std::vector<UnitTest> tests;

  /// Names without the schema, as files and map keys say them; null when there is none.
  const StreamFile* find_stream(std::string_view name) const;
  const TableFile* find_table(std::string_view name) const;
  /// "silver.x" or "gold.x"; null when there is none.
  const Model* find_model(std::string_view name) const;
  /// The settings under a target; the empty name means the default one. not_found names those that exist.
  Result<Settings> settings_of(std::string_view target) const;
};

std::string_view to_string(FileFormat format);
std::string_view to_string(SourceKind kind);
std::string_view to_string(Layer layer);
std::string_view to_string(Chart::Kind kind);
std::string_view to_string(Expectation::Kind kind);

}  // namespace anabranch::project
