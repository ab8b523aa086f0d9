#include "tests/fuzz/project_files.h"

#include <fmt/format.h>

#include "tests/support/corpus_project.h"

namespace anabranch::fuzz {
namespace {

std::string yaml_text(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

io::Path table_file(const Table& table) { return io::Path("data") / (table.name + "." + table.format); }

}  // namespace

Status write_table(const Table& table, size_t version, const io::Path& folder, Oracle& oracle) {
  const auto& rows = table.versions.at(version);
  const io::Path file = folder / table_file(table);
  if (table.format == "parquet") {
    std::filesystem::create_directories(file.parent_path());
    return oracle.write_parquet(table.columns, rows, file);
  }
  std::string text;
  if (table.format == "csv") {
    for (size_t i = 0; i < table.columns.size(); ++i)
      text += (i ? "," : "") + to_csv(model::Type{}, Value::of(table.columns[i].name));
    text += "\n";
  }
  for (const auto& row : rows) {
    if (table.format == "json") text += "{";
    for (size_t i = 0; i < row.size(); ++i) {
      if (table.format == "csv") {
        text += (i ? "," : "") + to_csv(table.columns[i].type, row[i]);
      } else {
        text +=
            (i ? "," : "") + json_text(table.columns[i].name) + ":" + to_json(table.columns[i].type, row[i]);
      }
    }
    text += table.format == "json" ? "}\n" : "\n";
  }
  test::write_text(file, text);
  return {};
}

void write_model(const View& view, const io::Path& folder) {
  test::write_model(folder, view.name, view.sql(View::Spelling::written));
}

Status write_project(const Case& of, const io::Path& folder, Oracle& oracle) {
  test::write_text(folder / "anabranch.yml", "name: fuzz\n");
  for (const Stream& stream : of.streams) {
    std::string text = "fields:\n";
    for (const Field& field : stream.fields) {
      if (field.is_drift) continue;
      text += fmt::format("  - {{name: {}, type: {}{}}}\n", yaml_text(field.name),
                          yaml_text(field.type.to_sql()), field.name == "id" ? ", required: true" : "");
    }
    test::write_text(folder / "streams" / (stream.name + ".yml"), text);
  }
  std::string source = "kind: files\ntables:\n";
  for (const Table& table : of.tables) {
    source += fmt::format("  {}:\n    path: {}\n    columns: {{", table.name, table_file(table).string());
    for (size_t i = 0; i < table.columns.size(); ++i)
      source += fmt::format("{}{}: {}", i ? ", " : "", yaml_text(table.columns[i].name),
                            yaml_text(table.columns[i].type.to_sql()));
    source += "}\n";
    if (table.format == "csv") source += "    csv: {header: true, delimiter: ','}\n";
    TRY(write_table(table, 0, folder, oracle));
  }
  if (!of.tables.empty()) test::write_text(folder / "sources" / "reference.yml", source);
  for (const View& view : of.views) write_model(view, folder);
  return {};
}

std::string body_of(const Stream& stream, const Step& step) {
  std::string body;
  if (step.format == "csv") {
    bool is_first = true;
    for (const Field& field : stream.fields) {
      if (field.is_drift) continue;
      body += (is_first ? "" : ",") + to_csv(model::Type{}, Value::of(field.name));
      is_first = false;
    }
    body += "\n";
  }
  for (size_t i = 0; i < step.events.size(); ++i) {
    const Event& event = step.events[i];
    std::string record;
    for (const Field& field : stream.fields) {
      const auto found = event.fields.find(field.name);
      if (step.format == "csv") {
        if (!field.is_drift)
          record += (&field == &stream.fields[0] ? "" : ",") +
                    (found == event.fields.end() ? "" : to_csv(field.type, found->second));
      } else if (found != event.fields.end()) {
        record +=
            (record.empty() ? "" : ",") + json_text(field.name) + ":" + to_json(field.type, found->second);
      }
    }
    if (!event.rubbish.empty()) {
      body += event.rubbish + "\n";
    } else if (step.format == "csv") {
      body += record + "\n";
    } else if (step.format == "ndjson") {
      body += "{" + record + "}\n";
    } else if (step.format == "json") {
      body += (i ? ",\n{" : "[{") + record + "}";
    } else {
      body += fmt::format(
          "{}{{\"specversion\":\"1.0\",\"id\":\"{}\",\"source\":\"/fuzz\",\"type\":\"t\",\"data\":{{{}}}}}",
          i ? ",\n" : "[", i, record);
    }
  }
  if (step.format == "json" || step.format == "cloudevents") body += step.events.empty() ? "[]" : "]";
  return body;
}

}  // namespace anabranch::fuzz
