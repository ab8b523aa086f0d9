#include "app/build_probe.h"

#include <set>

#include <fmt/format.h>

#include "sql/database.h"
#include "sql/object_urls.h"
#include "sql/parquet_relation.h"
#include "sql/syntax.h"

namespace anabranch::app {
namespace {

struct Parts {
  std::string database_file;
  std::set<std::string> tables;  // of states
  std::set<std::string> row_files;
};

std::map<std::string, Parts> parts_of(const lake::Manifest& manifest) {
  std::map<std::string, Parts> builds;
  for (const auto& [name, view] : manifest.views) {
    Parts& parts = builds[view.build_id];
    parts.database_file = view.database_file;
    parts.row_files.insert(view.row_files.begin(), view.row_files.end());
    for (const auto& [part, rows] : view.part_rows) {
      const bool is_rows = part == "main" && !view.row_files.empty();
      if (!is_rows) parts.tables.insert(fmt::format("{}#{}", name, part));
    }
  }
  return builds;
}

std::unexpected<Error> damaged(const std::string& file, const std::string& why) {
  return fail(Code::unavailable, fmt::format("{} is damaged: {}", file, why));
}

// A file that was cut still has its head: blocks that it names must be there.
Status check_states(lake::ObjectStore& store, const Parts& parts, sql::Session& session) {
  const auto file = store.open(parts.database_file);
  if (!file) return fail(Code::unavailable, fmt::format("{} is missing", parts.database_file));
  const auto size = static_cast<int64_t>((*file)->size());
  if (Status attached = session.run(fmt::format("ATTACH {} AS probed (READ_ONLY)",
                                                sql::quote_literal(sql::object_url(parts.database_file))));
      !attached)
    return damaged(parts.database_file, attached.error().message);
  struct Detached {
    sql::Session& session;
    ~Detached() { (void)session.run("DETACH probed"); }
  } const detached{session};
  constexpr int64_t head_bytes = 3 * 4096;
  const auto blocks = session.query(
      "SELECT block_size * total_blocks FROM pragma_database_size() WHERE database_name = 'probed'");
  if (!blocks) return damaged(parts.database_file, blocks.error().message);
  if (blocks->integer(0, 0) + head_bytes > size)
    return damaged(parts.database_file,
                   fmt::format("it has {} bytes, not {}", size, blocks->integer(0, 0) + head_bytes));
  const auto tables = session.query("SELECT table_name FROM duckdb_tables() WHERE database_name = 'probed'");
  if (!tables) return damaged(parts.database_file, tables.error().message);
  std::set<std::string> there;
  for (size_t i = 0; i < tables->row_count(); ++i) there.insert(tables->text(i, 0).value_or(""));
  for (const std::string& table : parts.tables) {
    if (!there.contains(table))
      return damaged(parts.database_file, fmt::format("the states {} are not in it", table));
  }
  return {};
}

Status check_rows(lake::ObjectStore& store, const std::string& name, sql::Session& session) {
  const auto file = store.open(name);
  if (!file && file.error().code == Code::not_found) return fail(Code::unavailable, name + " is missing");
  const auto counted = session.query(fmt::format("SELECT num_rows FROM parquet_file_metadata({})",
                                                 sql::quote_literal(sql::object_url(name))));
  if (!counted) return damaged(name, counted.error().message);
  return {};
}

Status check_build(lake::ObjectStore& store, const Parts& parts, sql::Session& session) {
  TRY(check_states(store, parts, session));
  for (const std::string& file : parts.row_files) TRY(check_rows(store, file, session));
  return {};
}

}  // namespace

std::map<std::string, Error> probe_builds(lake::ObjectStore& store, const lake::Manifest& manifest) {
  std::map<std::string, Error> broken;
  if (manifest.views.empty()) return broken;
  const auto database = sql::Database::open({});
  if (!database) return broken;  // then the engine that serves does not start either
  if (!sql::give_objects(**database, store)) return broken;
  auto session = (*database)->connect();
  if (!session) return broken;
  for (const auto& [build, parts] : parts_of(manifest)) {
    Status whole = check_build(store, parts, *session);
    if (!whole) broken[build] = std::move(whole).error();
  }
  return broken;
}

}  // namespace anabranch::app
