#include "project/loader.h"

#include <ostream>

#include <gtest/gtest.h>

#include "project/project_for_tests.h"

namespace anabranch::project {
namespace {

// A project without problems; cases add files or replace them.
const Files& sound_files() {
  static const Files files = {
      {"anabranch.yml", "name: shop\n"},
      {"streams/orders.yml",
       "fields:\n"
       "  - {name: id, type: bigint, required: true}\n"
       "  - {name: amount, type: 'decimal(10,2)'}\n"
       "  - {name: at, type: timestamptz}\n"
       "key: id\n"
       "event_time: at\n"},
      {"sources/reference.yml", "kind: files\ntables:\n  shops: {path: data/shops.csv}\n"},
      {"data/shops.csv", "id,name\n1,a\n"},
      {"models/silver/orders.sql", "SELECT id, amount FROM bronze.orders\n"},
      {"models/gold/revenue.sql", "SELECT sum(amount) AS revenue\nFROM silver.orders\n"},
  };
  return files;
}

Files with(const Files& changes) {
  Files files = changes;
  files.insert(sound_files().begin(), sound_files().end());
  return files;
}

struct Case {
  const char* name;
  Files files;
  std::vector<std::string> problems;
};

// By its name in lists of tests, instead of by its bytes.
void PrintTo(const Case& mistake, std::ostream* out) { *out << mistake.name; }

class Mistakes : public ::testing::TestWithParam<Case> {};

TEST_P(Mistakes, AreReportedWithPlaceAndAdvice) {
  const TestProject project(with(GetParam().files));
  EXPECT_EQ(project.problems(), GetParam().problems);
}

const Case settings_cases[] = {
    {"None", {}, {}},
    {"NameMissing",
     {{"anabranch.yml", "description: x\n"}},
     {"anabranch.yml:1:1: error: anabranch.yml needs 'name' (write 'name: ' and the project's name)"}},
    {"Empty",
     {{"anabranch.yml", "# nothing\n"}},
     {"anabranch.yml:1:1: error: the file is empty, so the project's name is missing (write it, or delete "
      "the file)"}},
    {"NameIsNoIdentifier",
     {{"anabranch.yml", "name: My Shop\n"}},
     {"anabranch.yml:1:7: error: 'My Shop' cannot be the name of a project (use lower-case letters, digits "
      "and _, "
      "first no digit, at most 63 of them: 'my_shop')"}},
    {"UnknownKey",
     {{"anabranch.yml", "name: shop\nserver:\n  prot: 1\n"}},
     {"anabranch.yml:3:3: error: server has no key 'prot' (did you mean 'port'?)"}},
    {"UnknownKeyLikeNoOther",
     {{"anabranch.yml", "name: shop\nserver: {colour: 1}\n"}},
     {"anabranch.yml:2:10: error: server has no key 'colour' (known keys: host, port)"}},
    {"WrongKind",
     {{"anabranch.yml", "name: shop\nserver: {port: http}\nlimits: [1]\n"}},
     {"anabranch.yml:2:16: error: 'port' must be a whole number from 0 to 65535, not 'http' (correct the "
      "value of "
      "'port')",
      "anabranch.yml:3:9: error: limits must be a map, not a list (write 'key: value' with any of "
      "body_bytes_max, "
      "requests_per_second_max, query_timeout_ms, query_memory_bytes, queries_max, answer_bytes_max, "
      "producers_max, idempotency_keys_max, producer_memory_hours, states_memory_bytes, "
      "tables_memory_bytes, copy_timeout_ms, build_timeout_ms, verify_timeout_ms)"}},
    {"NumberOutOfRange",
     {{"anabranch.yml",
       "name: shop\nserver: {port: 70000}\nlimits: {query_timeout_ms: 0, body_bytes_max: 64 "
       "furlongs}\n"}},
     {"anabranch.yml:2:16: error: 'port' must be a whole number from 0 to 65535, not '70000' (correct the "
      "value of "
      "'port')",
      "anabranch.yml:3:28: error: 'query_timeout_ms' must be a whole number from 1 to 86400000, not '0' "
      "(correct the "
      "value of 'query_timeout_ms')",
      "anabranch.yml:3:47: error: 'body_bytes_max' must be a number of bytes, at least 1024, such as "
      "67108864, 64MiB "
      "or 1GB, not '64 furlongs' (correct the value of 'body_bytes_max')"}},
    {"RetentionOutOfRange",
     {{"anabranch.yml", "name: shop\nretention: {builds: 0, log_hours: -1, days: 3}\n"}},
     {"anabranch.yml:2:21: error: 'builds' must be a whole number from 2 to 1000, not '0' (correct the value "
      "of 'builds')",
      "anabranch.yml:2:35: error: 'log_hours' must be a whole number from 0 to 878400, not '-1' (correct the "
      "value of 'log_hours')",
      "anabranch.yml:2:39: error: retention has no key 'days' (known keys: log_hours, builds, "
      "table_versions, delta_hours, quarantine_days)"}},
    {"KeyWithoutValue",
     {{"anabranch.yml", "name: shop\ndescription:\n"}},
     {"anabranch.yml:2:1: error: 'description' has no value (give it one (in quotes if it is meant to be a "
      "text), or "
      "remove the key)"}},
    {"TimeZone",
     {{"anabranch.yml", "name: shop\ntime_zone: Europe/Berlin\n"}},
     {"anabranch.yml:2:12: error: the time zone 'Europe/Berlin' is not supported (write UTC or leave "
      "time_zone out: "
      "views compute in UTC, a client may show any zone)"}},
    {"SecondLimitBelowTheFirst",
     {{"anabranch.yml", "name: shop\nbuild:\n  auto_events: 500\n  ingest_limit_events: 400\n"}},
     {"anabranch.yml:4:24: error: ingestion would stop at 400 events, before a build starts by itself at 500 "
      "(make "
      "ingest_limit_events larger than auto_events, or 0 for no limit)"}},
    {"UnknownAdapter",
     {{"anabranch.yml", "name: shop\ntargets:\n  cloud: {lake: adls}\ndefault_target: clod\n"}},
     {"anabranch.yml:3:17: error: 'lake' cannot be 'adls' (it can be embedded)",
      "anabranch.yml:4:17: error: there is no target 'clod' (did you mean 'cloud'?)"}},
    {"DuplicateKey",
     {{"anabranch.yml", "name: shop\nname: ship\n"}},
     {"anabranch.yml:2:1: error: the key 'name' stands twice (it stands in line 1 already: keep one)"}},
    {"Syntax",
     {{"anabranch.yml", "name: shop\nserver: {port: 1\n"}},
     {"anabranch.yml:3:1: error: not YAML: end of map flow not found (check indentation, colons, quotes and "
      "brackets "
      "here and just above)"}},
    {"FolderNearlyNamedLikeOurs",
     {{"stream/a.yml", "x"}, {"macros/a.sql", "x"}, {"docs/a.yml", "x"}},
     {"macros: warning: macros are not read by this version (write them out in the models)",
      "stream: warning: this folder is not read (did you mean 'streams/'?)"}},
};

const Case stream_cases[] = {
    {"NotUtf8",
     {{"streams/a.yml", "description: caf\xe9\n"}},
     {"streams/a.yml:1:17: error: byte 0xe9 is not UTF-8 text (save the file as UTF-8)"}},
    {"FieldsMissing",
     {{"streams/a.yml", "on_drift: freeze\n"}},
     {"streams/a.yml:1:1: error: a stream needs 'fields' (list at least one field, as in '- {name: id, type: "
      "varchar, "
      "required: true}')"}},
    {"FieldsEmpty",
     {{"streams/a.yml", "fields: []\n"}},
     {"streams/a.yml:1:9: error: a stream without fields (list at least one field, as in '- {name: id, type: "
      "varchar, "
      "required: true}')"}},
    {"FieldsNoList",
     {{"streams/a.yml", "fields: {id: bigint}\n"}},
     {"streams/a.yml:1:9: error: 'fields' must be a list, not a map (correct the value of 'fields')"}},
    {"BadType",
     {{"streams/a.yml", "fields:\n  - {name: a, type: intger}\n  - {name: b, type: blurb}\n"}},
     {"streams/a.yml:2:21: error: 'intger' is not a type (did you mean 'integer'?)",
      "streams/a.yml:3:21: error: 'blurb' is not a type (use an SQL type name such as integer, bigint, "
      "double, "
      "decimal(10,2), varchar, boolean, date, timestamp, timestamptz, json, integer[] or struct(a "
      "integer))"}},
    {"FieldKeys",
     {{"streams/a.yml",
       "fields:\n  - {name: a, type: int, requird: true}\n  - {type: int}\n  - {name: c}\n  - d\n  - "
       "{name: e, type: int, required: maybe}\n"}},
     {"streams/a.yml:2:26: error: a field has no key 'requird' (did you mean 'required'?)",
      "streams/a.yml:3:5: error: a field needs 'name' (write 'name: ' as it stands in the events)",
      "streams/a.yml:4:5: error: a field needs 'type' (write 'type: ' and an SQL type name, such as varchar "
      "or "
      "integer)",
      "streams/a.yml:5:5: error: a field must be a map, not 'd' (write 'key: value' with any of name, type, "
      "required, "
      "description, "
      "was)",
      "streams/a.yml:6:36: error: 'required' must be true or false, not 'maybe' (correct the value of "
      "'required')"}},
    {"SameFieldTwice",
     {{"streams/a.yml",
       "fields:\n  - {name: a, type: int}\n  - {name: a, type: int}\n  - {name: A, type: int}\n"}},
     {"streams/a.yml:3:12: error: the field 'a' stands twice (line 2 has the first: keep one)",
      "streams/a.yml:4:12: error: the fields 'a' and 'A' differ only in case (line 2 has the first: SQL "
      "takes them for "
      "one name, so rename one)"}},
    {"SystemColumn",
     {{"streams/a.yml", "fields:\n  - {name: _offset, type: int}\n  - {name: _RAW, type: int}\n"}},
     {"streams/a.yml:2:12: error: '_offset' is a column that every stream has by itself (give the field "
      "another name)",
      "streams/a.yml:3:12: error: '_RAW' is a column that every stream has by itself (give the field another "
      "name)"}},
    {"FieldNameThatDeltaRefuses",
     {{"streams/a.yml", "fields:\n  - {name: a b, type: int}\n  - {name: '', type: int}\n"}},
     {"streams/a.yml:2:12: error: 'a b' cannot be the name of a column (a column's name "
      "has no space and none of ,;{}()= in it)",
      "streams/a.yml:3:12: error: a column needs a name (give it one)"}},
    {"StructMemberThatDeltaRefuses",
     {{"streams/a.yml", "fields:\n  - {name: a, type: 'struct(\"a b\" int)[]'}\n"}},
     {"streams/a.yml:2:21: error: 'a b' cannot be the name of a column (a column's name "
      "has no space and none of ,;{}()= in it)"}},
    {"StructMemberTwice",
     {{"streams/a.yml",
       "fields:\n  - {name: a, type: 'struct(x int, y struct(\"offset\" int, Offset int))'}\n"}},
     {"streams/a.yml:2:21: error: a struct has the member 'Offset' twice (rename one; SQL does not tell "
      "names apart that differ only in case)"}},
    {"EarlierNames",
     {{"streams/a.yml",
       "fields:\n  - {name: a, type: int, was: [b, c]}\n  - {name: d, type: int, was: a}\n  - {name: e, "
       "type: int, was: c}\n"}},
     {"streams/a.yml:3:31: error: 'was' names a field that the stream has: 'a' (remove that field, or the "
      "'was')",
      "streams/a.yml:4:31: error: 'was' names 'c' twice (a name that was given up belongs to one field)"}},
    {"DriftLimits",
     {{"streams/a.yml", "fields: [{name: a, type: int}]\ndrift: {fields_max: many, per_day: 1}\n"}},
     {"streams/a.yml:2:21: error: 'fields_max' must be a whole number from 0 to 10000, not 'many' (correct "
      "the value of 'fields_max')",
      "streams/a.yml:2:27: error: 'drift' has no key 'per_day' (known keys: fields_max, per_hour)"}},
    {"DeepType",
     {{"streams/a.yml",
       "fields:\n  - {name: a, type: 'int[][][][][][][][][][][][][][][][][]'}\n  - {name: b, type: "
       "'int[][][][][][][][][][][][][][][][]'}\n"}},
     {"streams/a.yml:2:21: error: a type that nests 17 levels deep (at most 16 levels; deeper values fit "
      "json)"}},
    {"BadDrift",
     {{"streams/a.yml", "fields: [{name: a, type: int}]\non_drift: evolv\n"}},
     {"streams/a.yml:2:11: error: 'on_drift' cannot be 'evolv' (did you mean 'evolve'?)"}},
    {"UnknownKeyField",
     {{"streams/a.yml", "fields: [{name: id, type: int}]\nkey: [id, idd]\nevent_time: tim\n"}},
     {"streams/a.yml:2:11: error: 'key' names no field of the stream: 'idd' (did you mean 'id'?)",
      "streams/a.yml:3:13: error: 'event_time' names no field of the stream: 'tim' (its fields: id)"}},
    {"EventTimeIsNoTime",
     {{"streams/a.yml", "fields: [{name: id, type: int}]\nevent_time: id\n"}},
     {"streams/a.yml:2:13: error: 'event_time' names a field of type INTEGER: 'id' (it must be a "
      "timestamptz, "
      "timestamp or date)"}},
    {"FileName",
     {{"streams/Web-Clicks.yml", "fields: [{name: id, type: int}]\n"}},
     {"streams/Web-Clicks.yml: error: 'Web-Clicks' cannot be the name of a stream (use lower-case letters, "
      "digits and "
      "_, first no digit, at most 63 of them: 'web_clicks')"}},
    {"StrayFiles",
     {{"streams/a.yaml", "x"},
      {"streams/b.json", "x"},
      {"streams/README.md", "x"},
      {"streams/.hidden", "x"},
      {"streams/old/c.yml", "x"}},
     {"streams/a.yaml: warning: this file is not read (rename it to streams/a.yml)",
      "streams/b.json: warning: this file is not read (only *.yml belongs here: rename it or move it away)",
      "streams/old: warning: this folder is not read (put its files into streams/)"}},
};

const Case source_cases[] = {
    {"KeysMissing",
     {{"sources/a.yml", "description: x\n"}},
     {"sources/a.yml:1:1: error: a source needs 'kind' (write 'kind: files')",
      "sources/a.yml:1:1: error: a source needs 'tables' (name at least one table, as in 'airlines: {path: "
      "data/airlines.csv}')"}},
    {"UnknownKind",
     {{"sources/a.yml", "kind: oracle\ntables: {t: {path: data/shops.csv}}\n"}},
     {"sources/a.yml:1:7: error: 'kind' cannot be 'oracle' (it can be one of files, sqlite, "
      "arriving_files)"}},
    {"Sqlite",
     {{"data/shop.db", ""},
      {"sources/a.yml",
       "kind: sqlite\nfile: data/shop.dbb\npath: x\ntables:\n  t:\n  u: {table: Us, format: csv}\n"},
      {"sources/b.yml", "kind: sqlite\ntables: {v: {}}\n"}},
     {"sources/a.yml:2:7: warning: there is no file 'data/shop.dbb' (did you mean 'data/shop.db'?)",
      "sources/a.yml:3:1: error: a source has no key 'path' (known keys: kind, description, schedule, file, "
      "tables)",
      "sources/a.yml:6:18: error: a table has no key 'format' (known keys: table, columns, description)",
      "sources/b.yml:1:1: error: a source needs 'file' (write 'file: ' and where the database is, relative "
      "to "
      "the folder of anabranch.yml)"}},
    {"ArrivingFiles",
     {{"streams/orders.yml", "fields: [{name: a, type: integer}]\n"},
      {"sources/a.yml", "kind: arriving_files\nstream: order\nfolder: in\nformat: xml\n"},
      {"sources/b.yml", "kind: arriving_files\ntables: {}\n"}},
     {"sources/a.yml:2:9: error: there is no stream 'order' (did you mean 'orders'?)",
      "sources/a.yml:4:9: error: 'format' cannot be 'xml' (it can be one of ndjson, json, csv, tsv, parquet)",
      "sources/b.yml:1:1: error: a source needs 'stream' (write 'stream: ' and the name of the stream that "
      "takes "
      "their events in)",
      "sources/b.yml:1:1: error: a source needs 'folder' (write 'folder: ' and where the files arrive, "
      "relative "
      "to the folder of anabranch.yml)",
      "sources/b.yml:2:1: error: a source has no key 'tables' (known keys: kind, description, stream, "
      "folder, "
      "format)"}},
    {"NoTables",
     {{"sources/a.yml", "kind: files\ntables: {}\n"}},
     {"sources/a.yml:2:9: error: tables must be a map of names, not an empty one (name at least one table, "
      "as in "
      "'airlines: {path: data/airlines.csv}')"}},
    {"PathMissing",
     {{"sources/a.yml", "kind: files\ntables:\n  t: {format: csv}\n"}},
     {"sources/a.yml:3:6: error: a table needs 'path' (write 'path: ' and where its files are, relative to "
      "the folder "
      "of anabranch.yml)"}},
    {"PathDoesNotExist",
     {{"sources/a.yml",
       "kind: files\ntables:\n  t: {path: data/shop.csv}\n  u: {path: '../nowhere/x.csv'}\n  v: {path: "
       "'data/*.json'}\n  w: {path: data, format: csv}\n  x: {path: 's3://b/x.csv'}\n"}},
     {"sources/a.yml:3:13: warning: there is no file 'data/shop.csv' (did you mean 'data/shops.csv'?)",
      "sources/a.yml:4:13: warning: there is no file '../nowhere/x.csv' (paths are relative to the folder of "
      "anabranch.yml)",
      "sources/a.yml:5:13: warning: no file matches 'data/*.json' (paths are relative to the folder of "
      "anabranch.yml)",
      "sources/a.yml:6:13: error: 'data' is a folder (name its files, as in 'data/*.csv')",
      "sources/a.yml:7:13: error: 's3://b/x.csv' is not a path of local files (a source reads "
      "files on "
      "this machine: copy them here first)"}},
    {"FormatUnknown",
     {{"data/a.txt", "x"},
      {"data/b.parquet", "x"},
      {"sources/a.yml",
       "kind: files\ntables:\n  t: {path: data/a.txt}\n  u: {path: [data/shops.csv, "
       "data/b.parquet]}\n  v: {path: data/a.txt, format: cvs}\n"}},
     {"sources/a.yml:3:13: error: the format of 'data/a.txt' cannot be told from its name (add 'format: "
      "csv', json or "
      "parquet)",
      "sources/a.yml:4:30: error: 'data/b.parquet' has another format than the path before it (make a table "
      "of it by "
      "itself)",
      "sources/a.yml:5:33: error: 'format' cannot be 'cvs' (did you mean 'csv'?)"}},
    {"CsvOptions",
     {{"data/b.parquet", "x"},
      {"sources/a.yml",
       "kind: files\ntables:\n  t: {path: data/b.parquet, csv: {header: true}}\n  u: {path: "
       "data/shops.csv, csv: {delimiter: '||', headr: true}}\n"}},
     {"sources/a.yml:3:34: error: 'csv' options for a table in parquet format (remove them)",
      "sources/a.yml:4:46: error: 'delimiter' must be one ASCII character (such as ',', ';', '|' or \"\\t\")",
      "sources/a.yml:4:52: error: csv has no key 'headr' (did you mean 'header'?)"}},
    {"Columns",
     {{"sources/a.yml",
       "kind: files\ntables:\n  t:\n    path: data/shops.csv\n    columns: {id: bigin, name: , Name: text, "
       "a: {frm: A}, b: {}}\n "
       " u: {path: "
       "data/shops.csv, columns: [id]}\n"}},
     {"sources/a.yml:5:19: error: 'bigin' is not a type (did you mean 'bigint'?)",
      "sources/a.yml:5:26: error: the column 'name' needs a type, not nothing (write an SQL type name, such "
      "as varchar "
      "or integer)",
      "sources/a.yml:5:34: error: the columns 'name' and 'Name' differ only in case (line 5 has the first: "
      "SQL takes "
      "them for one name, so rename one)",
      "sources/a.yml:5:50: error: a column has no key 'frm' (did you mean 'from'?)",
      "sources/a.yml:5:62: error: nothing is said of the column 'b' (give it a type)",
      "sources/a.yml:6:38: error: columns must be a map of names to types, not a list (write 'NAME: TYPE' "
      "for a column of the files, or leave columns out to have all types found)"}},
    {"Schedule",
     {{"sources/a.yml", "kind: files\nschedule: daily\ntables: {t: {path: data/shops.csv}}\n"}},
     {"sources/a.yml:2:11: error: 'daily' is not a schedule (write five cron fields in UTC: minute, hour, "
      "day, month, "
      "weekday, as in '0 3 * * *')"}},
    {"NamesTaken",
     {{"sources/a.yml",
       "kind: files\ntables:\n  orders: {path: data/shops.csv}\n  shops: {path: data/shops.csv}\n  "
       "Shops: {path: data/shops.csv}\n"}},
     {"sources/a.yml:3:3: error: the stream or table 'orders' exists already (streams/orders.yml has the "
      "first: rename "
      "one)",
      "sources/a.yml:5:3: error: 'Shops' cannot be the name of a table (use lower-case letters, digits and "
      "_, first no "
      "digit, at most 63 of them: 'shops')",
      "sources/a.yml:5:3: error: the stream or table 'Shops' exists already (sources/a.yml:4 has the first: "
      "rename "
      "one)",
      "sources/reference.yml:3:3: error: the stream or table 'shops' exists already (sources/a.yml:4 has the "
      "first: "
      "rename one)"}},
};

const Case model_cases[] = {
    {"Syntax",
     {{"models/gold/a.sql", "SELECT 'e' AS x,\n  count(* AS n\nFROM silver.orders\n"}},
     {"models/gold/a.sql:2:11: error: syntax error at or near \"AS\""}},
    {"UnknownTableAfterOtherCharacters",
     {{"models/gold/a.sql", "SELECT 'é–ü' AS x FROM silver.order\n"}},
     {"models/gold/a.sql:1:24: error: there is no view 'silver.order' (did you mean 'silver.orders'?)"}},
    {"Empty",
     {{"models/gold/a.sql", " \n"}},
     {"models/gold/a.sql:1:1: error: the file is empty (write one SELECT)"}},
    {"UnknownTable",
     {{"models/gold/a.sql",
       "SELECT *\nFROM silver.order\nJOIN bronze.revenue USING (x)\nJOIN bronze.zzz USING (x)\n"}},
     {"models/gold/a.sql:2:6: error: there is no view 'silver.order' (did you mean 'silver.orders'?)",
      "models/gold/a.sql:3:6: error: there is no stream or table 'bronze.revenue' (did you mean "
      "'gold.revenue'?)",
      "models/gold/a.sql:4:6: error: there is no stream or table 'bronze.zzz' (there are bronze.orders, "
      "bronze.shops, "
      "silver.orders, gold.a, gold.revenue)"}},
    {"NameWithoutSchema",
     {{"models/gold/a.sql", "WITH own AS (SELECT 1) SELECT * FROM own,\n     shops, public.shops\n"}},
     {"models/gold/a.sql:2:6: error: 'shops' has no schema: names must begin with bronze., silver. or gold. "
      "(did you "
      "mean 'bronze.shops'?)",
      "models/gold/a.sql:2:13: error: 'public.shops': there is no schema 'public', only bronze, silver and "
      "gold (did "
      "you mean 'bronze.shops'?)"}},
    {"SilverReadsGold",
     {{"models/silver/a.sql", "SELECT * FROM gold.revenue"}},
     {"models/silver/a.sql:1:15: error: a silver view reads 'gold.revenue' (silver may read bronze and "
      "silver only: "
      "move this view to models/gold/, or what it needs to models/silver/)"}},
    {"Cycle",
     {{"models/gold/a.sql", "SELECT * FROM\n gold.b"},
      {"models/gold/b.sql", "SELECT * FROM gold.c, silver.orders"},
      {"models/gold/c.sql", "SELECT * FROM gold.A"},
      {"models/gold/after.sql", "SELECT * FROM gold.c"}},
     {"models/gold/a.sql:2:2: error: views read each other in a cycle: gold.a → gold.b → gold.c → gold.a "
      "(take one of "
      "these reads out, or move what they share into a view of its own)"}},
    {"TwoCycles",
     {{"models/gold/a.sql", "SELECT * FROM gold.a"},
      {"models/silver/b.sql", "SELECT * FROM silver.c"},
      {"models/silver/c.sql", "SELECT * FROM silver.b"}},
     {"models/gold/a.sql:1:15: error: the view gold.a reads itself (read what it is made from instead)",
      "models/silver/b.sql:1:15: error: views read each other in a cycle: silver.b → silver.c → silver.b "
      "(take one of "
      "these reads out, or move what they share into a view of its own)"}},
    {"OptionsWithoutView",
     {{"models/gold/revenu.yml", "descripton: x\n"}},
     {"models/gold/revenu.yml: error: options for gold.revenu, but there is no models/gold/revenu.sql (did "
      "you mean "
      "'revenue.yml'?)",
      "models/gold/revenu.yml:1:1: error: a model has no key 'descripton' (did you mean 'description'?)"}},
    {"Names",
     {{"models/gold/2day.sql", "SELECT 1"}, {"models/gold/Revenue.sql", "SELECT 1"}},
     {"models/gold/2day.sql: error: '2day' cannot be the name of a view (use lower-case letters, digits and "
      "_, first "
      "no digit, at most 63 of them: '_2day')",
      "models/gold/Revenue.sql: error: 'Revenue' cannot be the name of a view (use lower-case letters, "
      "digits and _, "
      "first no digit, at most 63 of them: 'revenue')",
      "models/gold/revenue.sql: error: the view 'gold.revenue' exists already (models/gold/Revenue.sql has "
      "the first: "
      "rename one)"}},
    {"OutsideOfLayers",
     {{"models/a.sql", "SELECT 1"},
      {"models/golden/a.sql", "SELECT 1"},
      {"models/gold/sub/a.sql", "SELECT 1"},
      {"models/gold/notes.txt", "x"},
      {"models/README.md", "x"}},
     {"models/a.sql: error: a model outside of a layer (move it to models/silver/ or models/gold/)",
      "models/gold/notes.txt: warning: this file is not read (only *.sql and *.yml belongs here: rename it "
      "or move it "
      "away)",
      "models/gold/sub: error: a folder inside a layer is not read (put its files into models/gold/: the "
      "path is the "
      "view's name)",
      "models/golden: error: 'golden' is no layer (did you mean 'gold'?)"}},
    {"Expectations",
     {{"models/gold/revenue.yml",
       "expectations:\n"
       "  - not_nul: revenue\n"
       "  - {not_null: a, unique: a}\n"
       "  - expression: revenue >\n"
       "  - accepted_values: {column: a, values: []}\n"
       "  - {unique: a, name: same}\n"
       "  - {not_null: a, name: same}\n"
       "  - unique: []\n"}},
     {"models/gold/revenue.yml:2:5: error: an expectation has no key 'not_nul' (did you mean 'not_null'?)",
      "models/gold/revenue.yml:2:5: error: an expectation without a rule (write one of 'not_null: COLUMN', "
      "'unique: "
      "[COLUMN, …]', 'accepted_values: {column: COLUMN, values: [A, B]}', 'expression: CONDITION')",
      "models/gold/revenue.yml:3:5: error: several rules in one expectation (give each its own '-')",
      "models/gold/revenue.yml:4:17: error: 'expression' is not an SQL condition: syntax error at or near "
      "\")\"",
      "models/gold/revenue.yml:5:42: error: no values are accepted (list at least one)",
      "models/gold/revenue.yml:7:5: error: two expectations have the name 'same' (rename one)",
      "models/gold/revenue.yml:8:13: error: 'unique' without a column (write one of 'not_null: COLUMN', "
      "'unique: "
      "[COLUMN, …]', 'accepted_values: {column: COLUMN, values: [A, B]}', 'expression: CONDITION')"}},
};

const Case page_cases[] = {
    {"Dashboard",
     {{"dashboards/a.yml",
       "charts:\n"
       "  - {view: gold.revenu, kind: bar, x: a, y: [b, c]}\n"
       "  - {view: gold.revenue, kind: pie}\n"
       "  - {view: gold.revenue, kind: line, y: b}\n"
       "  - {kind: table}\n"}},
     {"dashboards/a.yml:2:12: error: there is no view 'gold.revenu' (did you mean 'gold.revenue'?)",
      "dashboards/a.yml:3:32: error: 'kind' cannot be 'pie' (it can be one of bar, line, area, scatter, "
      "table, number)",
      "dashboards/a.yml:4:5: error: a chart needs 'x' (write 'x: ' and the column for the horizontal axis)",
      "dashboards/a.yml:5:5: error: a chart needs 'view' (write 'view: ' and a view's name, such as "
      "gold.daily_traffic)"}},
    {"UnitTests",
     {{"tests/a.yml",
       "- view: gold.revenues\n"
       "  given:\n"
       "    bronze.order: [{id: 1}]\n"
       "    bronze.orders: [{idd: 1}, 5]\n"
       "  expect: [{revenue: 1}]\n"
       "- {view: gold.revenue}\n"},
      {"tests/b.yml", "view: gold.revenue\n"}},
     {"tests/a.yml:1:9: error: there is no view 'gold.revenues' (did you mean 'gold.revenue'?)",
      "tests/a.yml:3:5: error: there is no stream or table 'bronze.order' (did you mean 'bronze.orders'?)",
      "tests/a.yml:4:22: error: there is no column 'idd' (did you mean 'id'?)",
      "tests/a.yml:4:31: error: a row must be a map, not '5' (write {column: value, …})",

      "tests/a.yml:6:3: error: a test needs 'given' (write what comes in, as in 'bronze.NAME: [{a: 1}]')",
      "tests/a.yml:6:3: error: a test needs 'expect' (write the rows of the view, or [] for none)",
      "tests/b.yml:1:1: error: a file of tests must be a list, not a map (begin each test with '- view: ')"}},
};

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Settings, Mistakes, ::testing::ValuesIn(settings_cases), name_of);
INSTANTIATE_TEST_SUITE_P(Streams, Mistakes, ::testing::ValuesIn(stream_cases), name_of);
INSTANTIATE_TEST_SUITE_P(Sources, Mistakes, ::testing::ValuesIn(source_cases), name_of);
INSTANTIATE_TEST_SUITE_P(Models, Mistakes, ::testing::ValuesIn(model_cases), name_of);
INSTANTIATE_TEST_SUITE_P(Pages, Mistakes, ::testing::ValuesIn(page_cases), name_of);

TEST(Loader, ReportsMistakesOfAllFilesAtOnceWithTheirLines) {
  const TestProject project(with({{"anabranch.yml", "name: shop\ntime_zone: CET\n"},
                                  {"streams/a.yml", "fields: [{name: a, type: intt}]\n"},
                                  {"models/gold/b.sql", "SELECT\n"},
                                  {"models/silver/c.sql", "SELECT * FROM bronze.nothing_like_it"},
                                  {"sources/d.json", "{}"}}));
  const Loaded loaded = project.load();
  EXPECT_TRUE(loaded.has_errors());
  EXPECT_EQ(loaded.errors().size(), 4u);
  EXPECT_EQ(loaded.warnings().size(), 1u);
  const std::string text = describe(loaded.problems);
  for (const char* part :
       {"anabranch.yml:2:12", "    2 | time_zone: CET\n      |            ^", "streams/a.yml:1:26",
        "models/gold/b.sql", "models/silver/c.sql:1:15", "sources/d.json", "4 errors, 1 warning"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nin\n" << text;
  }
  EXPECT_NE(loaded.status().error().message.find("(the first of 4 errors)"), std::string::npos);
}

TEST(Loader, FolderWithoutProjectSaysHowToBegin) {
  const TestProject project(Files{{"data/a.csv", "x"}});
  const Loaded loaded = project.load();
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_NE(loaded.problems[0].message.find("is not an Anabranch project"), std::string::npos);
  EXPECT_NE(loaded.problems[0].hint.find("anabranch init"), std::string::npos);
}

TEST(Loader, ReadsWhatIsWritten) {
  const TestProject project(with({
      {"anabranch.yml",
       "name: shop\ndescription: A shop\ndata_folder: /var/lib/shop\nserver: {port: 9000}\n"
       "limits: {body_bytes_max: 1MiB, query_memory_bytes: 2 GB, query_timeout_ms: 5000}\n"
       "build: {auto_events: 10}\n"
       "targets:\n  dev:\n  prod: {server: {host: 0.0.0.0}, lake: embedded}\ndefault_target: prod\n"},
      {"models/gold/revenue.yml",
       "description: Money\nmaterialize: false\nschedule: '0 3 * * *'\n"
       "columns: {revenue: {description: in euro, critical: true}, x: plain}\n"
       "expectations:\n  - not_null: revenue\n  - not_null: revenue\n"
       "  - accepted_values: {column: kind, values: [it's, 5, '5', true]}\n"
       "  - {name: positive, expression: revenue > 0 -- money}\n"},
      {"dashboards/sales.yml", "title: Sales\ncharts: [{view: gold.revenue, kind: number, y: revenue}]\n"},
      {"tests/a.yml",
       "- view: gold.revenue\n  given: {bronze.orders: [{id: 1, amount: 2.50}]}\n  expect: [{revenue: "
       "2.50}]\n"},
      {"sources/more.yml",
       "kind: files\ntables:\n  parts: {path: 'data/parts/**/*.csv', csv: {delimiter: ';', header: false, "
       "null_text: "
       "NA}, columns: {id: int, first_name: {from: First Name}}}\n  tabs: {path: data/tabs.tsv}\n"},
      {"data/tabs.tsv", "a\tb,c,d"},
      {"data/parts/2013/1.csv", "1"},
  }));
  const Loaded loaded = project.load();
  EXPECT_EQ(describe(loaded.problems), "");
  EXPECT_TRUE(loaded.status());
  const Project& shop = loaded.project;
  EXPECT_EQ(shop.name, "shop");
  EXPECT_EQ(shop.settings.data_folder, "/var/lib/shop");
  EXPECT_EQ(shop.settings.server, (ServerSettings{"127.0.0.1", 9000}));
  EXPECT_EQ(shop.settings.limits.body_bytes_max, 1u << 20);
  EXPECT_EQ(shop.settings.limits.query_memory_bytes, 2'000'000'000u);
  EXPECT_EQ(shop.settings.limits.query_timeout_ms, 5000u);
  EXPECT_EQ(shop.settings.build.auto_events, 10u);
  EXPECT_EQ(shop.settings.build.ingest_limit_events, BuildSettings().ingest_limit_events);
  EXPECT_EQ(shop.settings_of("")->server, (ServerSettings{"0.0.0.0", 9000})) << "the default target's";
  EXPECT_EQ(*shop.settings_of("dev"), shop.settings);
  EXPECT_EQ(shop.settings_of("prd").error().hint, "did you mean 'prod'?");

  const StreamFile* orders = shop.find_stream("orders");
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->schema.version, 0u);
  ASSERT_EQ(orders->schema.fields.size(), 3u);
  EXPECT_TRUE(orders->schema.fields[0].required);
  EXPECT_EQ(orders->schema.fields[1].type.to_sql(), "DECIMAL(10,2)");
  EXPECT_EQ(orders->key, std::vector<std::string>{"id"});
  EXPECT_EQ(orders->event_time, "at");

  const TableFile* parts = shop.find_table("parts");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->source, "more");
  EXPECT_EQ(parts->csv.delimiter, ";");
  EXPECT_EQ(parts->csv.header, false);
  EXPECT_EQ(parts->csv.null_text, "NA");
  EXPECT_EQ(parts->columns, (std::vector<TableColumn>{{"id", "", model::Type::parse("int").value()},
                                                      {"first_name", "First Name", std::nullopt}}));
  EXPECT_EQ(shop.find_table("tabs")->csv.delimiter, "\t");

  const Model* revenue = shop.find_model("gold.revenue");
  ASSERT_TRUE(revenue);
  EXPECT_EQ(revenue->file, "models/gold/revenue.sql");
  EXPECT_EQ(revenue->depends_on, std::vector<std::string>{"silver.orders"});
  EXPECT_FALSE(revenue->is_materialized);
  EXPECT_EQ(revenue->schedule, "0 3 * * *");
  ASSERT_EQ(revenue->columns.size(), 2u);
  EXPECT_TRUE(revenue->columns[0].is_critical);
  EXPECT_EQ(revenue->columns[1].description, "plain");
  ASSERT_EQ(revenue->expectations.size(), 4u);
  EXPECT_EQ(revenue->expectations[1].name, "not_null_revenue_2");
  EXPECT_EQ(revenue->expectations[2].values, (std::vector<std::string>{"'it''s'", "5", "'5'", "true"}));
  EXPECT_EQ(revenue->expectations[3].name, "positive");

  ASSERT_EQ(shop.dashboards.size(), 1u);
  EXPECT_EQ(shop.dashboards[0].charts[0].title, "gold.revenue");
  ASSERT_EQ(shop.tests.size(), 1u);
  EXPECT_EQ(shop.tests[0].name, "a:1");
  EXPECT_EQ(shop.tests[0].given[0].rows[0], R"({"id":1,"amount":2.50})");
}

TEST(Loader, GoldIsMaterializedByDefaultAndSilverIsNot) {
  const Loaded loaded = TestProject(sound_files()).load();
  EXPECT_TRUE(loaded.project.find_model("gold.revenue")->is_materialized);
  EXPECT_FALSE(loaded.project.find_model("silver.orders")->is_materialized);
}

TEST(Loader, ModelsComeAfterThoseThatTheyRead) {
  const TestProject project(with({{"models/gold/a.sql", "SELECT * FROM gold.z"},
                                  {"models/gold/z.sql", "SELECT * FROM silver.b JOIN gold.revenue USING (k)"},
                                  {"models/silver/b.sql", "SELECT * FROM SILVER.Orders, silver.orders"}}));
  const Loaded loaded = project.load();
  EXPECT_EQ(describe(loaded.problems), "");
  std::string order;
  for (const Model& model : loaded.project.models) order += model.name + " ";
  EXPECT_EQ(order, "silver.orders silver.b gold.revenue gold.z gold.a ");
  EXPECT_EQ(loaded.project.find_model("silver.b")->depends_on, std::vector<std::string>{"silver.orders"});
}

TEST(Loader, PathsMayLeaveTheProjectWhenTheyExist) {
  const TestProject outside(Files{{"shared/a.csv", "x"}});
  const std::string path = "../" + outside.root().filename().string() + "/shared/a.csv";
  const TestProject project(
      with({{"sources/a.yml", "kind: files\ntables: {t: {path: '" + path + "'}, u: {path: '" +
                                  (outside.root() / "shared/*.csv").string() + "'}}\n"}}));
  EXPECT_EQ(describe(project.load().problems), "");
}

TEST(FindProjectRoot, IsTheNearestFolderAbove) {
  const TestProject project(
      with({{"inner/anabranch.yml", "name: inner\n"}, {"inner/deep/er/x", ""}, {"a/b/x", ""}}));
  auto& files = io::local_file_system();
  EXPECT_EQ(find_project_root(files, project.root()).value(), project.root());
  EXPECT_EQ(find_project_root(files, project.root() / "a/b/").value(), project.root());
  EXPECT_EQ(find_project_root(files, project.root() / "inner/deep/er").value(), project.root() / "inner");
  EXPECT_EQ(find_project_root(files, project.root() / "a/../inner/deep").value(), project.root() / "inner");
  const auto none = find_project_root(files, "/");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::not_found);
  EXPECT_NE(none.error().hint.find("anabranch init"), std::string::npos);
}

TEST(Loader, AdaptersThatThisProgramHasNotAreMistakesWithTheirPlace) {
  const TestProject project(
      Files{{"anabranch.yml",
             "name: shop\ntargets:\n  a: {secrets: vault, lake: adls}\n  b:\n    secrets: "
             "environment\n    event_log: kafka\n"},
            {"sources/s.yml", "kind: sqlite\nfile: '${secret:FILE}'\ntables: {t: {}}\n"}});
  KnownAdapters known;
  known.slots["secrets"] = {{"embedded", ""}, {"environment", ""}, {"vault", "build it with VAULT=ON"}};
  known.slots["event_log"] = {{"embedded", ""}, {"kafka", ""}};
  known.missing_sources[SourceKind::sqlite] = "build it with SQLITE=ON";
  SqlSelectReader selects;
  Loaded loaded = load(io::local_file_system(), project.root(), selects, known);
  std::vector<std::string> lines;
  for (const Problem& problem : loaded.problems) lines.push_back(problem.describe_line());
  EXPECT_EQ(lines,
            (std::vector<std::string>{
                "anabranch.yml:3:16: error: this program was built without 'vault', which 'secrets' chooses "
                "(build it with VAULT=ON)",
                "anabranch.yml:3:29: error: 'lake' cannot be 'adls' (it can be embedded)",
                "sources/s.yml:1:7: error: this program was built without sources of kind sqlite (build it "
                "with SQLITE=ON)"}));
  EXPECT_EQ(loaded.project.settings_of("b")->slots.at("secrets").adapter, "environment");
  EXPECT_EQ(loaded.project.settings_of("b")->slots.at("event_log").place, (Place{"anabranch.yml", 6, 16}));
  known.missing_sources.clear();
  loaded = load(io::local_file_system(), project.root(), selects, known);
  const TableFile* table = loaded.project.find_table("t");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->paths, (std::vector<SecretText>{{"${secret:FILE}", {{"FILE", 0, 14}}}}));
  EXPECT_EQ(table->table, "t");
}

}  // namespace
}  // namespace anabranch::project
