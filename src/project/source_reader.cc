#include "project/source_reader.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "project/column_types.h"
#include "project/data_files.h"
#include "project/map_reader.h"
#include "project/names.h"
#include "project/nearest.h"

namespace anabranch::project {
namespace {

// By the extension, also under .gz and .zst.
std::optional<FileFormat> format_of(const std::string& path) {
  std::string name = fold_case(path);
  for (const char* packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.erase(name.rfind('.'));
  }
  if (name.ends_with(".csv") || name.ends_with(".tsv")) return FileFormat::csv;
  if (name.ends_with(".json") || name.ends_with(".ndjson") || name.ends_with(".jsonl"))
    return FileFormat::json;
  if (name.ends_with(".parquet")) return FileFormat::parquet;
  return std::nullopt;
}

void check_path(const ProjectFolder& folder, const Located& path) {
  Problems& problems = folder.problems();
  if (!path.secrets.empty()) return;  // a copy sees what it stands for
  if (path.text.empty() || path.text.find("://") != std::string::npos) {
    problems.error(path.place, fmt::format("'{}' is not a path of local files", path.text),
                   "a source reads files on this machine: copy them here first");
    return;
  }
  const auto found = matching_files(folder.files(), folder.root(), path.text);
  if (!found) return problems.error(found.error(), path.place);
  if (!found->empty()) return;
  const io::Path whole = (folder.root() / path.text).lexically_normal();
  if (has_wildcard(path.text)) {
    problems.warning(path.place, fmt::format("no file matches '{}'", path.text),
                     fmt::format("paths are relative to the folder of {}", "anabranch.yml"));
    return;
  }
  if (folder.files().list(whole)) {
    problems.error(path.place, fmt::format("'{}' is a folder", path.text),
                   fmt::format("name its files, as in '{}/*.csv'", path.text));
    return;
  }
  std::vector<std::string> neighbours;
  if (auto entries = folder.files().list(whole.parent_path())) {
    for (const io::FolderEntry& entry : *entries) {
      if (!entry.is_folder) neighbours.push_back(entry.name);
    }
  }
  const auto meant = nearest(whole.filename().string(), neighbours);
  // Of data: the project runs without it, and a copy says it again.
  problems.warning(
      path.place, fmt::format("there is no file '{}'", path.text),
      meant ? fmt::format("did you mean '{}'?", (io::Path(path.text).parent_path() / *meant).string())
            : "paths are relative to the folder of anabranch.yml");
}

void read_format(const MapReader& map, const std::vector<Located>& paths, TableFile& table,
                 Problems& problems) {
  static const std::vector<std::string> words = {"csv", "json", "parquet"};
  constexpr FileFormat formats[] = {FileFormat::csv, FileFormat::json, FileFormat::parquet};
  if (map.find("format")) {
    if (const auto choice = map.choice("format", words)) table.format = formats[*choice];
    return;
  }
  std::optional<FileFormat> known;
  for (const Located& path : paths) {
    const auto format = format_of(path.text);
    if (!format || (known && *known != *format)) {
      problems.error(path.place,
                     format ? fmt::format("'{}' has another format than the path before it", path.text)
                            : fmt::format("the format of '{}' cannot be told from its name", path.text),
                     format ? "make a table of it by itself" : "add 'format: csv', json or parquet");
      return;
    }
    known = format;
  }
  table.format = known.value_or(FileFormat::csv);
}

void read_csv_options(const MapReader& map, TableFile& table, Problems& problems) {
  const YamlNode* node = map.find("csv");
  if (!node) return;
  if (table.format != FileFormat::csv) {
    problems.error(node->place,
                   fmt::format("'csv' options for a table in {} format", to_string(table.format)),
                   "remove them");
  }
  const MapReader csv(*node, "csv", {"delimiter", "header", "null_text"}, problems);
  table.csv.delimiter = csv.text("delimiter");
  const auto is_separating = [](const std::string& text) {
    return text.size() == 1 && (static_cast<unsigned char>(text[0]) < 0x80) &&
           text.find_first_of("\"\r\n") == std::string::npos;
  };
  if (table.csv.delimiter && !is_separating(*table.csv.delimiter)) {
    problems.error(csv.place_of("delimiter"), "'delimiter' must be one ASCII character",
                   "such as ',', ';', '|' or \"\\t\"");
  }
  table.csv.header = csv.boolean("header");
  table.csv.null_text = csv.text("null_text").value_or("");
}

void read_columns(const MapReader& map, TableFile& table, Problems& problems) {
  const YamlNode* node = map.find("columns");
  if (!node) return;
  if (!node->is_map() || node->items.empty()) {
    problems.error(
        node->place,
        fmt::format("columns must be a map of names to types, not {}",
                    node->is_map() ? "an empty one" : node->describe()),
        "write 'NAME: TYPE' for a column of the files, or leave columns out to have all types found");
    return;
  }
  std::vector<Located> names;
  for (size_t i = 0; i < node->keys.size(); ++i) {
    const auto& [name, place] = node->keys[i];
    names.push_back({name, place});
    check_column_name(name, place, problems);
    const YamlNode& value = node->items[i];
    TableColumn column{name, "", std::nullopt};
    if (value.is_map()) {
      const MapReader map(value, "a column", {"from", "type"}, problems);
      column.from = map.text("from").value_or("");
      if (const YamlNode* type = map.find("type"); type && type->is_scalar())
        column.type = parse_type({type->text, type->place}, problems);
      if (value.items.empty())
        problems.error(value.place, fmt::format("nothing is said of the column '{}'", name),
                       "give it a type");
    } else if (value.is_scalar()) {
      column.type = parse_type({value.text, value.place}, problems);
    } else {
      problems.error(value.place, fmt::format("the column '{}' needs a type, not {}", name, value.describe()),
                     "write an SQL type name, such as varchar or integer");
    }
    table.columns.push_back(std::move(column));
  }
  check_distinct(names, "column", problems);
}

TableFile read_table(const ProjectFolder& folder, const YamlNode::Key& key, const YamlNode& node) {
  Problems& problems = folder.problems();
  TableFile table;
  table.name = key.text;
  table.place = key.place;
  check_identifier(key.text, "a table", key.place, problems);
  const MapReader map(node, "a table", {"path", "format", "csv", "columns", "description"}, problems);
  if (!map.is_map()) return table;
  map.require("path", "write 'path: ' and where its files are, relative to the folder of anabranch.yml");
  table.description = map.text("description").value_or("");
  const std::vector<Located> paths = map.texts("path");
  for (const Located& path : paths) {
    table.paths.push_back(path.secret_text());
    check_path(folder, path);
  }
  if (paths.empty() && map.find("path") && map.find("path")->kind == YamlNode::Kind::sequence) {
    problems.error(map.place_of("path"), "'path' is an empty list", "name at least one file");
  }
  read_format(map, paths, table, problems);
  read_csv_options(map, table, problems);
  const bool is_tsv =
      table.format == FileFormat::csv && std::all_of(paths.begin(), paths.end(), [](const Located& path) {
        return fold_case(path.text).find(".tsv") != std::string::npos;
      });
  if (is_tsv && !table.csv.delimiter) table.csv.delimiter = "\t";
  read_columns(map, table, problems);
  return table;
}

// A table of a database.
TableFile read_sqlite_table(const SecretText& database, const YamlNode::Key& key, const YamlNode& node,
                            Problems& problems) {
  TableFile table;
  table.name = key.text;
  table.table = key.text;
  table.kind = SourceKind::sqlite;
  table.paths = {database};
  table.place = key.place;
  check_identifier(key.text, "a table", key.place, problems);
  if (node.kind == YamlNode::Kind::null) return table;
  const MapReader map(node, "a table", {"table", "columns", "description"}, problems);
  if (const auto name = map.text("table")) table.table = *name;
  table.description = map.text("description").value_or("");
  read_columns(map, table, problems);
  return table;
}

void read_tables(const ProjectFolder& folder, const MapReader& map, SourceFile& source) {
  Problems& problems = folder.problems();
  const char* hint = source.kind == SourceKind::sqlite
                         ? "name at least one table of the database, as in 'customers: {table: Customers}'"
                         : "name at least one table, as in 'airlines: {path: data/airlines.csv}'";
  SecretText database;
  if (source.kind == SourceKind::sqlite) {
    map.require("file", "write 'file: ' and where the database is, relative to the folder of anabranch.yml");
    for (const Located& file : map.texts("file")) {
      database = file.secret_text();
      check_path(folder, file);
    }
  }
  const YamlNode* tables = map.require("tables", hint);
  if (!tables) return;
  if (!tables->is_map() || tables->items.empty()) {
    problems.error(tables->place,
                   fmt::format("tables must be a map of names, not {}",
                               tables->is_map() ? "an empty one" : tables->describe()),
                   hint);
  }
  for (size_t i = 0; i < tables->keys.size(); ++i) {
    TableFile table = source.kind == SourceKind::sqlite
                          ? read_sqlite_table(database, tables->keys[i], tables->items[i], problems)
                          : read_table(folder, tables->keys[i], tables->items[i]);
    table.source = source.name;
    source.tables.push_back(std::move(table));
  }
}

void read_arriving(const MapReader& map, SourceFile& source, Problems& problems) {
  static const std::vector<std::string> formats = {"ndjson", "json", "csv", "tsv", "parquet"};
  ArrivingFiles& arriving = source.arriving.emplace();
  map.require("stream", "write 'stream: ' and the name of the stream that takes their events in");
  map.require("folder",
              "write 'folder: ' and where the files arrive, relative to the folder of anabranch.yml");
  arriving.stream = map.text("stream").value_or("");
  arriving.folder = map.text("folder").value_or("");
  const std::string folder = std::filesystem::path(arriving.folder).lexically_normal().generic_string();
  const std::string first = folder.substr(0, folder.find('/'));
  const bool is_above = folder.find_first_not_of("./") == folder.npos;  // "..", "../.."
  const bool is_of_project = first == "." || first.empty() || is_above || first == "streams" ||
                             first == "sources" || first == "models" || first == "dashboards" ||
                             first == "tests" || first == "macros" || first == ".anabranch";
  if (map.text("folder") && is_of_project && !std::filesystem::path(arriving.folder).is_absolute()) {
    problems.error(
        map.place_of("folder"),
        fmt::format("'{}' cannot be where files arrive: they are moved away from there", arriving.folder),
        "name a folder of its own, such as 'inbox'");
  }
  if (const auto format = map.choice("format", formats)) arriving.format = formats[*format];
  source.place = map.place_of("stream");
}

// The kind, and the keys that go with it.
std::optional<SourceKind> read_kind(const ProjectFolder& folder, const YamlNode& root) {
  static const std::vector<std::string> kinds = {"files", "sqlite", "arriving_files"};
  const YamlNode* kind = root.find("kind");
  if (!kind || !kind->is_scalar()) return std::nullopt;
  const auto found = std::find(kinds.begin(), kinds.end(), kind->text);
  if (found == kinds.end()) return std::nullopt;
  const auto chosen = static_cast<SourceKind>(found - kinds.begin());
  const auto& missing = folder.adapters().missing_sources;
  if (const auto why = missing.find(chosen); why != missing.end()) {
    folder.problems().error(
        kind->place, fmt::format("this program was built without sources of kind {}", *found), why->second);
  }
  return chosen;
}

std::vector<std::string> keys_of(SourceKind kind) {
  switch (kind) {
    case SourceKind::files:
      break;
    case SourceKind::sqlite:
      return {"kind", "description", "schedule", "file", "tables"};
    case SourceKind::arriving_files:
      return {"kind", "description", "stream", "folder", "format"};
  }
  return {"kind", "description", "schedule", "tables"};
}

}  // namespace

std::optional<ReadSource> read_source(const ProjectFolder& folder, const std::string& file) {
  Problems& problems = folder.problems();
  ReadSource read;
  SourceFile& source = read.source;
  source.name = stem_of(file);
  source.place = {file};
  check_identifier(source.name, "a source", {file}, problems);
  const auto yaml = folder.read_yaml(file, {"path", "file"});
  if (!yaml) return std::nullopt;
  const YamlNode* root = root_map(*yaml, "'kind'", problems);
  if (!root) return std::nullopt;
  source.kind = read_kind(folder, *root).value_or(SourceKind::files);
  const MapReader map(*root, "a source", keys_of(source.kind), problems);
  if (!map.is_map()) return std::nullopt;

  map.require("kind", "write 'kind: files'");
  map.choice("kind", {"files", "sqlite", "arriving_files"});
  source.description = map.text("description").value_or("");
  if (source.kind == SourceKind::arriving_files) {
    read_arriving(map, source, problems);
    read.folder_place = map.place_of("folder");
  } else {
    source.schedule = map.schedule();
    read_tables(folder, map, source);
  }
  return read;
}

void check_arrival_folders(const ProjectFolder& folder, const std::vector<ReadSource>& sources) {
  const auto folder_of = [&](const ReadSource& read) {
    const io::Path whole = (folder.root() / read.source.arriving->folder).lexically_normal();
    return whole.has_filename() ? whole : whole.parent_path();  // "inbox/" is "inbox"
  };
  for (size_t i = 0; i < sources.size(); ++i) {
    for (size_t before = 0; before < i; ++before) {
      const ReadSource& one = sources[before];
      const ReadSource& other = sources[i];
      if (!one.source.arriving || !other.source.arriving) continue;
      if (one.source.arriving->folder.empty() || other.source.arriving->folder.empty()) continue;
      const io::Path here = folder_of(one);
      const io::Path there = folder_of(other);
      const bool is_same = here == there;
      bool is_aside = false;
      for (const char* aside : {"done", "failed"})
        is_aside = is_aside || here / aside == there || there / aside == here;
      if (!is_same && !is_aside) continue;
      folder.problems().error(
          other.folder_place,
          is_same ? fmt::format("in '{}' the files of the source {} arrive already",
                                other.source.arriving->folder, one.source.name)
                  : fmt::format("in '{}' the source {} would take files that the other has put aside",
                                other.source.arriving->folder, one.source.name),
          fmt::format("give each source a folder of its own: {}:{} names '{}'", one.folder_place.file,
                      one.folder_place.line, one.source.arriving->folder));
    }
  }
}

}  // namespace anabranch::project
