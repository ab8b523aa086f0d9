// A value of any type is the same wherever it came in and wherever it lies: the log, slices, files, builds,
// Delta tables, and answers of each format. What is expected is written down in every_type.h.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ingest/event_parser.h"
#include "sql/parquet_file.h"
#include "tests/support/corpus_project.h"
#include "tests/support/every_type.h"
#include "tests/support/open_platform.h"
#include "tests/support/platform_reads.h"
#include "tests/support/temporary_folder.h"

namespace anabranch {
namespace {

using nlohmann::json;

constexpr int rows_per_round = 12;

std::string text_of(size_t bytes) {
  std::string text = bytes == 12 ? "twelve bytes" : bytes == 13 ? "thirteen byte" : "é and so on ";
  while (text.size() < bytes) text += static_cast<char>('a' + text.size() % 26);
  return text;
}

// Puts the texts in place of what stands for them.
std::string filled(std::string text) {
  static const std::map<std::string, std::string> texts = [] {
    std::map<std::string, std::string> all;
    test::PlainEngine engine;
    for (const auto& [name, bytes] :
         std::vector<std::pair<std::string, size_t>>{{"12", 12}, {"13", 13}, {"10k", 10'000}}) {
      all["%" + name + "%"] = text_of(bytes);
      const auto base64 = engine.session().query(fmt::format("SELECT base64(encode('{}'))", text_of(bytes)));
      all["%b" + name + "%"] = base64->text(0, 0).value();
    }
    return all;
  }();
  for (const auto& [name, value] : texts) {
    for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  }
  return text;
}

// Nothing: NULL.
const test::TypedValue* value_of(const test::TypedField& field, int row) {
  const size_t which = static_cast<size_t>(row) % (field.values.size() + 1);
  return which == field.values.size() ? nullptr : &field.values[which];
}

enum class Door { json, csv, parquet };
std::string name_of(Door door) {
  return door == Door::json ? "posted" : door == Door::csv ? "lines" : "bulk";
}

std::string ndjson(int first_id) {
  std::string body;
  for (int row = 0; row < rows_per_round; ++row) {
    body += fmt::format("{{\"id\":{}", first_id + row);
    for (const auto& field : test::every_type()) {
      if (const auto* value = value_of(field, row))
        body += fmt::format(",\"{}\":{}", field.name, filled(value->json));
      else if (row % 2 == 0)
        body += fmt::format(",\"{}\":null", field.name);  // else it is missing
    }
    body += "}\n";
  }
  return body;
}

std::string csv(int first_id) {
  std::string body = "id";
  for (const auto& field : test::every_type()) body += "," + field.name;
  body += "\r\n";
  for (int row = 0; row < rows_per_round; ++row) {
    body += std::to_string(first_id + row);
    for (const auto& field : test::every_type()) {
      body += ',';
      const auto* value = value_of(field, row);
      if (value == nullptr) continue;
      std::string text = filled(value->json);
      if (text.starts_with('"') && field.type != "json") text = text.substr(1, text.size() - 2);
      body += '"';
      for (const char c : text) body += c == '"' ? "\"\"" : std::string(1, c);
      body += '"';
    }
    body += "\r\n";
  }
  return body;
}

void write_bulk_file(const io::Path& file, int first_id) {
  test::PlainEngine engine;
  std::string select;
  for (int row = 0; row < rows_per_round; ++row) {
    select += fmt::format("{}SELECT {} AS id", row ? " UNION ALL " : "", first_id + row);
    for (const auto& field : test::every_type()) {
      const auto* value = value_of(field, row);
      std::string sql = "NULL";
      if (value != nullptr) {
        sql = filled(value->sql.empty() ? value->json : value->sql);
        if (value->sql.empty() && field.type == "json")
          sql = "'" + sql + "'";
        else if (sql.starts_with('"'))
          sql = "'" + sql.substr(1, sql.size() - 2) + "'";
      }
      // What Parquet files of other programs have in place of types that they do not know.
      std::string type = field.type;
      for (const auto& [ours, theirs] :
           {std::pair{"hugeint", "decimal(38,0)"}, std::pair{"interval", "varchar"}}) {
        if (const size_t at = type.find(ours); at != type.npos) type.replace(at, std::strlen(ours), theirs);
      }
      select += fmt::format(", ({})::{} AS {}", sql, type, field.name);
    }
  }
  const auto written = sql::write_parquet(engine.session(), select, file.string());
  ASSERT_TRUE(written) << written.error().describe();
}

// The values of a row of an answer, as text.
std::string expected_row(int row) {
  std::string all;
  for (const auto& field : test::every_type()) {
    const auto* value = value_of(field, row);
    std::string text =
        value == nullptr ? "null" : filled(value->answer.empty() ? value->json : value->answer);
    all += (all.empty() ? "" : ",") + text;
  }
  return all;
}

std::string sorted(const std::string& answer) {
  const json rows = json::parse(answer);
  std::vector<std::string> lines;
  for (const json& row : rows) lines.push_back(row.dump());
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (std::string& line : lines) text += line + "\n";
  return text;
}

std::string without_signs_of_zeros(std::string answer) {
  for (const char* zero : {",-0,", ",-0]", "[-0,"}) {
    for (size_t at = answer.find(zero); at != answer.npos; at = answer.find(zero)) answer.erase(at + 1, 1);
  }
  return answer;
}

// Shows where two long texts differ.
void expect_same(const std::string& expected, const std::string& actual, const std::string& what) {
  if (expected == actual) return;
  size_t at = 0;
  while (at < expected.size() && at < actual.size() && expected[at] == actual[at]) ++at;
  const size_t from = at < 100 ? 0 : at - 100;
  ADD_FAILURE() << what << ", at byte " << at << ": expected\n  " << expected.substr(from, 200)
                << "\nbut there is\n  " << actual.substr(from, 200);
}

std::string field_list() {
  std::string list;
  for (const auto& field : test::every_type()) list += (list.empty() ? "" : ", ") + field.name;
  return list;
}

class TypesAtEveryDoor : public ::testing::Test {
 protected:
  void open() {
    speed::SpeedLayer::Options speed;
    speed.tick_rows_max = 7;
    speed.replay_rows_max = 10;
    speed.compaction_rows = 10;
    auto opened = test::open_platform(folder_.path(), speed);
    ASSERT_TRUE(opened) << opened.error().describe();
    platform_ = std::move(*opened);
  }
  void start() {
    const Status started = platform_->start();
    ASSERT_TRUE(started) << started.error().describe();
    ASSERT_TRUE(platform_->left_out().empty()) << platform_->left_out()[0].describe();
  }
  void restart() {
    platform_.reset();
    ASSERT_NO_FATAL_FAILURE(open());
    ASSERT_NO_FATAL_FAILURE(start());
  }
  void post(const std::string& stream, ingest::BodyFormat format, const std::string& body, int64_t events) {
    ingest::Ingestor& ingestor = *platform_->stream(stream);
    const auto parsed = ingest::EventParser(*ingestor.schemas().latest()).parse(format, body);
    ASSERT_TRUE(parsed) << parsed.error().describe();
    for (const auto& reject : parsed->batch.rejects) ADD_FAILURE() << stream << ": " << reject.reason;
    accept(stream, ingestor.accept_and_wait(format, body), events);
  }
  void write_model(const std::string& name, const std::string& sql) {
    test::write_text(folder_.path() / "models" / (name + ".sql"), sql + "\n");
  }
  std::string json_of(const std::string& select) {
    const auto answer = platform_->queries().query(select, newest_);
    if (!answer) return json(answer.error().describe() + " " + select).dump();
    std::string text;
    EXPECT_TRUE(answer->rows.append_json(text, sql::Numbers::string));
    return text;
  }
  void accept(const std::string& stream, const Result<ingest::Accepted>& accepted, int64_t events) {
    ASSERT_TRUE(accepted) << stream << ": " << accepted.error().describe();
    ASSERT_EQ(accepted->quarantined, 0) << stream;
    ASSERT_EQ(accepted->accepted, events) << stream;
    newest_.min_offsets[stream] = {accepted->ranges.back().last_offset + 1};
  }

  test::TemporaryFolder folder_;
  test::TemporaryFolder scratch_;
  std::unique_ptr<app::Platform> platform_;
  serve::ReadOptions newest_;  // which every read waits for
};

class EveryType : public TypesAtEveryDoor {
 protected:
  static constexpr std::array doors = {Door::json, Door::csv, Door::parquet};

  void write_project() {
    std::string fields = "  - {name: id, type: bigint, required: true}\n";
    for (const auto& field : test::every_type())
      fields += fmt::format("  - {{name: {}, type: '{}'}}\n", field.name, field.type);
    test::write_text(folder_.path() / "anabranch.yml", "name: types\n");
    for (const Door door : doors) {
      const std::string stream = name_of(door);
      test::write_text(folder_.path() / "streams" / (stream + ".yml"),
                       "fields:\n" + fields + "on_drift: freeze\n");
      write_model("silver/" + stream + "_rows", "SELECT * FROM bronze." + stream);
      write_model("gold/" + stream + "_copy", "SELECT * FROM silver." + stream + "_rows");
      write_model(
          "gold/" + stream + "_latest",
          fmt::format("SELECT * FROM bronze.{} QUALIFY row_number() OVER (PARTITION BY id ORDER BY _offset "
                      "DESC) = 1",
                      stream));
      write_model("gold/" + stream + "_groups",
                  fmt::format("SELECT {}, count(*) AS n FROM bronze.{} GROUP BY ALL", field_list(), stream));
      write_model(
          "gold/" + stream + "_lists",
          fmt::format("SELECT id, list(f_list) AS l, max(f_varchar) AS t, list(f_deep) AS d FROM bronze.{} "
                      "GROUP BY id",
                      stream));
    }
    std::string columns;
    for (const auto& field : test::every_type())
      columns += fmt::format("      {}: '{}'\n", field.name, field.type);
    test::write_text(
        folder_.path() / "sources" / "files.yml",
        "kind: files\ntables:\n  copied:\n    path: data/table.parquet\n    columns:\n" + columns);
    std::filesystem::create_directories(folder_.path() / "data");
    write_bulk_file(folder_.path() / "data" / "table.parquet", 0);
  }

  // Each row of every_type.h by each door, with ids from 100 times the round.
  void ingest_round() {
    const int first_id = 100 * rounds_++;
    ASSERT_NO_FATAL_FAILURE(post("posted", ingest::BodyFormat::ndjson, ndjson(first_id), rows_per_round));
    ASSERT_NO_FATAL_FAILURE(post("lines", ingest::BodyFormat::csv, csv(first_id), rows_per_round));
    const io::Path file = scratch_.path() / fmt::format("{}.parquet", first_id);
    ASSERT_NO_FATAL_FAILURE(write_bulk_file(file, first_id));
    accept("bulk", platform_->ingest_file("bulk", file.string()), rows_per_round);
  }

  std::string expected_rows() const {
    std::string all;
    for (int round = 0; round < rounds_; ++round) {
      for (int row = 0; row < rows_per_round; ++row) {
        all += fmt::format("{}[{},{}]", all.empty() ? "" : ",", 100 * round + row, expected_row(row));
      }
    }
    return "[" + all + "]";
  }

  void check(const std::string& after) {
    for (const Door door : doors) {
      const std::string stream = name_of(door);
      SCOPED_TRACE(stream + " after " + after);
      const std::string expected = expected_rows();
      for (const std::string& from : {"bronze." + stream, "silver." + stream + "_rows",
                                      "gold." + stream + "_copy", "gold." + stream + "_latest"}) {
        const std::string rows =
            json_of(fmt::format("SELECT id, {} FROM {} ORDER BY id", field_list(), from));
        // Which of two equal zeros a state keeps is the engine's choice.
        const bool is_keyed = from.ends_with("_latest");
        expect_same(is_keyed ? without_signs_of_zeros(expected) : expected,
                    is_keyed ? without_signs_of_zeros(rows) : rows, from);
      }
      std::string groups;
      for (int row = 0; row < rows_per_round; ++row)
        groups += fmt::format("{}[{},{}]", row ? "," : "", expected_row(row), rounds_);
      expect_same(sorted("[" + groups + "]"), sorted(json_of("SELECT * FROM gold." + stream + "_groups")),
                  "groups");
      EXPECT_EQ(json_of(fmt::format(
                    "SELECT count(*) FROM gold.{0}_lists AS l JOIN bronze.{0} AS b USING (id) WHERE "
                    "l.l IS NOT DISTINCT FROM [b.f_list] AND l.t IS NOT DISTINCT FROM b.f_varchar "
                    "AND l.d IS NOT DISTINCT FROM [b.f_deep]",
                    stream)),
                fmt::format("[[{}]]", rounds_ * rows_per_round));
      // Filters are asked of the files too.
      for (const auto& [condition, rows] :
           std::vector<std::pair<std::string, int>>{{"f_double = 0", 6},
                                                    {"f_real = 0", 6},
                                                    {"f_blob = '\\xFF'::BLOB", 2},
                                                    {"f_varchar = '" + text_of(13) + "'", 2},
                                                    {"f_ubigint > 18446744073709551614", 4},
                                                    {"f_hugeint < -5", 4},
                                                    {"f_time > '23:00:00'", 4},
                                                    {"f_deep[1].l[1] IS NOT NULL", 6}}) {
        for (const char* view : {"silver.{}_rows", "gold.{}_latest", "bronze.{}"}) {
          const std::string from = fmt::format(fmt::runtime(view), stream);
          EXPECT_EQ(json_of(fmt::format("SELECT count(*) FROM {} WHERE {}", from, condition)),
                    fmt::format("[[{}]]", rows * rounds_))
              << from << " " << condition.substr(0, 100);
        }
      }
      for (const char* view :
           {"silver.{}_rows", "gold.{}_copy", "gold.{}_latest", "gold.{}_groups", "gold.{}_lists"}) {
        const std::string name = fmt::format(fmt::runtime(view), stream);
        const auto verdict = platform_->verifier().verify(name);
        ASSERT_TRUE(verdict) << verdict.error().describe();
        EXPECT_EQ(verdict->outcome, quality::Verdict::Outcome::equal)
            << name << test::describe_differences(*verdict).substr(0, 2000);
      }
    }
    std::string table;
    for (int row = 0; row < rows_per_round; ++row)
      table += fmt::format("{}[{},{}]", row ? "," : "", row, expected_row(row));
    expect_same("[" + table + "]",
                json_of(fmt::format("SELECT id, {} FROM bronze.copied ORDER BY id", field_list())),
                "the table, after " + after);
  }

  int rounds_ = 0;
};

TEST_F(EveryType, IsTheSameWhereverItLies) {
  ASSERT_NO_FATAL_FAILURE(write_project());
  ASSERT_NO_FATAL_FAILURE(open());
  const auto copied = platform_->copy({});
  ASSERT_TRUE(copied) << copied.error().describe();
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(ingest_round());
  ASSERT_NO_FATAL_FAILURE(check("the first events"));
  ASSERT_NO_FATAL_FAILURE(ingest_round());
  ASSERT_NO_FATAL_FAILURE(check("compaction"));
  ASSERT_TRUE(platform_->build({}, "test"));
  ASSERT_NO_FATAL_FAILURE(check("a build"));
  ASSERT_NO_FATAL_FAILURE(ingest_round());
  ASSERT_NO_FATAL_FAILURE(check("more events"));
  ASSERT_NO_FATAL_FAILURE(restart());
  ASSERT_NO_FATAL_FAILURE(check("a restart"));
  ASSERT_TRUE(platform_->build({}, "test"));
  ASSERT_NO_FATAL_FAILURE(restart());
  ASSERT_NO_FATAL_FAILURE(check("another build and restart"));

  // Answers of the other formats, and the Delta tables, by readers that know nothing of ours.
  for (const Door door : doors) {
    const std::string select =
        fmt::format("SELECT id, {} FROM gold.{}_copy ORDER BY id", field_list(), name_of(door));
    json expected{{"columns", {"id"}}, {"types", {"bigint"}}, {"rows", expected_rows()}};
    for (const auto& field : test::every_type()) {
      expected["columns"].push_back(field.name);
      expected["types"].push_back(field.type);
    }
    const io::Path into = scratch_.path() / name_of(door);
    std::filesystem::create_directories(into);
    test::write_text(into / "expected.json", expected.dump());
    std::string lines;
    ASSERT_TRUE(platform_->queries().query(select, newest_)->rows.append_csv(lines));
    test::write_text(into / "answer.csv", lines);
    serve::ReadOptions for_files = newest_;
    for_files.is_for_files = true;
    std::string arrow;
    const auto answer = platform_->queries().query(select, for_files);
    ASSERT_TRUE(answer) << answer.error().describe();
    const Status appended = answer->rows.append_arrow(arrow);
    ASSERT_TRUE(appended) << appended.error().describe();
    test::write_text(into / "answer.arrow", arrow);
    std::string parquet;
    const auto file = platform_->queries().query_parquet(select, newest_, parquet);
    ASSERT_TRUE(file) << file.error().describe();
    test::write_text(into / "answer.parquet", parquet);
    const io::Path delta = folder_.path() / ".anabranch" / "lake";
    for (const auto& [link, table] : std::vector<std::pair<std::string, std::string>>{
             {"gold", "gold/" + name_of(door) + "_copy"}, {"bronze", "bronze/" + name_of(door)}})
      std::filesystem::create_directory_symlink(delta / table, into / link);
  }
  const std::string reader = ANABRANCH_SOURCE "/.deps/readers/bin/python";
  if (!std::filesystem::exists(reader)) GTEST_SKIP() << "without the readers that script/bootstrap installs";
  const std::string check = fmt::format("{} {}/tests/equivalence/every_type_check.py {}", reader,
                                        ANABRANCH_SOURCE, scratch_.path().string());
  EXPECT_EQ(std::system(check.c_str()), 0) << check;
}

// The smallest case of texts that lie in memory which is gone: one group, and the same bytes everywhere.
TEST_F(TypesAtEveryDoor, EqualEventsStayEqual) {
  constexpr int events = 4'000;
  test::write_text(folder_.path() / "anabranch.yml", "name: equal\n");
  test::write_text(
      folder_.path() / "streams" / "e.yml",
      "fields:\n  - {name: tags, type: 'varchar[]'}\n  - {name: s, type: 'struct(a varchar, b varchar)'}\n"
      "  - {name: m, type: 'map(varchar, varchar)'}\n  - {name: j, type: json}\n");
  write_model("silver/parts",
              "SELECT tags, s.a AS a, m, j->>'$.key' AS key, j->'$.list' AS list FROM bronze.e");
  write_model("silver/cast",
              "SELECT (j->'$.list')::VARCHAR[] AS list, (j->'$.o')::STRUCT(key VARCHAR) AS s FROM bronze.e");
  write_model("gold/groups", "SELECT tags, s, m, j, count(*) AS n FROM bronze.e GROUP BY ALL");
  write_model("gold/cast_groups", "SELECT list, s, count(*) AS n FROM silver.cast GROUP BY ALL");
  write_model("gold/parts_groups", "SELECT *, count(*) AS n FROM silver.parts GROUP BY ALL");
  write_model("gold/tags",
              "SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM bronze.e) GROUP BY tag");
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_NO_FATAL_FAILURE(start());
  const std::string event =
      R"({"tags":["a tag of some length","another, longer than twelve",null],"s":{"a":"a text in a structure","b":"thirteen byte"},)"
      R"("m":{"the key of a map":"the value of a map"},"j":{"key":"a value in a document","list":["an element of it",null],"o":{"key":"a value in a document"}}})";
  std::string body;
  for (int i = 0; i < events / 2; ++i) body += event + "\n";
  int sent = 0;
  const auto check_all = [&](const std::string& after) {
    SCOPED_TRACE(after);
    const std::string tags = R"(["a tag of some length","another, longer than twelve",null])";
    const std::string s = R"({"a":"a text in a structure","b":"thirteen byte"})";
    const std::string m = R"([["the key of a map","the value of a map"]])";
    const std::string j =
        R"("{\"key\":\"a value in a document\",\"list\":[\"an element of it\",null],\"o\":{\"key\":\"a value in a document\"}}")";
    EXPECT_EQ(json_of("SELECT * FROM gold.groups"), fmt::format("[[{},{},{},{},{}]]", tags, s, m, j, sent));
    EXPECT_EQ(json_of("SELECT * FROM gold.cast_groups"),
              fmt::format(R"([[["an element of it",null],{{"key":"a value in a document"}},{}]])", sent));
    EXPECT_EQ(
        json_of("SELECT * FROM gold.parts_groups"),
        fmt::format(
            R"([[{},"a text in a structure",{},"a value in a document","[\"an element of it\",null]",{}]])",
            tags, m, sent));
    EXPECT_EQ(json_of("SELECT * FROM gold.tags ORDER BY tag"),
              fmt::format(R"([["a tag of some length",{0}],["another, longer than twelve",{0}],[null,{0}]])",
                          sent));
    EXPECT_EQ(json_of("SELECT tags, s, m, j, count(*), count(DISTINCT _raw) FROM bronze.e GROUP BY ALL"),
              fmt::format("[[{},{},{},{},{},1]]", tags, s, m, j, sent));
  };
  for (const bool is_built : {false, true}) {
    ASSERT_NO_FATAL_FAILURE(post("e", ingest::BodyFormat::ndjson, body, events / 2));
    sent += events / 2;
    check_all(is_built ? "a build and more events" : "the first events");
    ASSERT_TRUE(platform_->build({}, "test"));
    check_all("a build");
    ASSERT_NO_FATAL_FAILURE(restart());
    check_all("a restart");
  }
  // The Delta tables' own bytes.
  for (const auto& [table, columns] : std::vector<std::pair<std::string, std::string>>{
           {"bronze/e", "tags, s, m, j"}, {"gold/groups", "tags, s, m, j"}}) {
    std::vector<std::string> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder_.path() / ".anabranch" / "lake" / table)) {
      if (entry.path().extension() == ".parquet") files.push_back(entry.path().string());
    }
    ASSERT_FALSE(files.empty());
    test::PlainEngine engine;
    const auto rows = engine.session().query(fmt::format(
        "SELECT count(DISTINCT ({0})), any_value(tags[2]), any_value(s.b), any_value(m['the key of a "
        "map']), count(*) FROM {1}",
        columns, sql::read_files("read_parquet", files)));
    ASSERT_TRUE(rows) << rows.error().describe();
    EXPECT_EQ(rows->integer(0, 0), 1) << table;
    EXPECT_EQ(rows->text(0, 1), "another, longer than twelve");
    EXPECT_EQ(rows->text(0, 2), "thirteen byte");
    EXPECT_EQ(rows->text(0, 3), "the value of a map");
    EXPECT_EQ(rows->integer(0, 4), table == "bronze/e" ? events : 1 + 1);
  }
}

// file_row_number is what the engine calls the numbers of rows.
TEST_F(TypesAtEveryDoor, AColumnMayBeCalledAsTheEnginesOwn) {
  test::write_text(folder_.path() / "anabranch.yml", "name: names\n");
  test::write_text(
      folder_.path() / "streams" / "e.yml",
      "fields:\n  - {name: file_row_number, type: bigint, required: true}\n  - {name: filename, type: "
      "varchar}\n");
  test::write_text(folder_.path() / "sources" / "s.yml", "kind: files\ntables:\n  t: {path: t.parquet}\n");
  test::PlainEngine engine;
  const auto write = [&](const io::Path& file, const std::string& number) {
    ASSERT_TRUE(sql::write_parquet(
        engine.session(),
        fmt::format("SELECT {} AS file_row_number, 'f' || i AS filename FROM range(5) t(i)", number),
        file.string()));
  };
  write(folder_.path() / "t.parquet", "100 - i");
  write(scratch_.path() / "good", "100 - i");
  write(scratch_.path() / "bad", "nullif(100 - i, 98)");
  write_model("silver/rows", "SELECT * FROM bronze.e");
  write_model("gold/joined",
              "SELECT e.filename, t.file_row_number AS n FROM bronze.e AS e JOIN bronze.t AS t USING "
              "(file_row_number)");
  ASSERT_NO_FATAL_FAILURE(open());
  const auto copied = platform_->copy({});
  ASSERT_TRUE(copied) << copied.error().describe();
  ASSERT_NO_FATAL_FAILURE(start());
  accept("e", platform_->ingest_file("e", (scratch_.path() / "good").string()), 5);
  const auto bad = platform_->ingest_file("e", (scratch_.path() / "bad").string());
  ASSERT_TRUE(bad) << bad.error().describe();
  EXPECT_EQ(bad->accepted, 4);
  EXPECT_EQ(bad->quarantined, 1);
  newest_.min_offsets["e"] = {9};
  const auto check = [&] {
    EXPECT_EQ(
        json_of("SELECT _offset, file_row_number, filename FROM bronze.e ORDER BY _offset"),
        R"([[0,100,"f0"],[1,99,"f1"],[2,98,"f2"],[3,97,"f3"],[4,96,"f4"],[5,100,"f0"],[6,99,"f1"],[7,97,"f3"],[8,96,"f4"]])");
    EXPECT_EQ(json_of("SELECT count(*), sum(file_row_number), max(filename) FROM silver.rows"),
              R"([[9,882,"f4"]])");
    EXPECT_EQ(json_of("SELECT count(*), sum(n) FROM gold.joined"), "[[9,882]]");
    EXPECT_EQ(json_of("SELECT * FROM bronze.t"), R"([[100,"f0"],[99,"f1"],[98,"f2"],[97,"f3"],[96,"f4"]])");
  };
  check();
  ASSERT_TRUE(platform_->build({}, "test"));
  check();
  ASSERT_NO_FATAL_FAILURE(restart());
  check();
}

}  // namespace
}  // namespace anabranch
