#include "tests/fuzz/case_generator.h"

#include <algorithm>

#include <fmt/format.h>

#include "sql/syntax.h"
#include "tests/fuzz/view_generator.h"

namespace anabranch::fuzz {
namespace {

using model::Type;

class CaseGenerator {
 public:
  CaseGenerator(uint64_t seed, bool has_processes, const Faults& faults)
      : random_(seed), faults_(faults), views_(random_, faults) {
    case_.seed = seed;
    case_.has_processes = has_processes;
  }

  Case run() {
    case_.has_odd_folder = faults_.contains('p') && random_.chance(50);
    case_.tick_rows = random_.pick(std::vector<int>{1, 7, 40, 500});
    make_stream("e");
    if (random_.chance(35)) make_stream(random_.pick({"f", "states", "main", "k0", "events_2"}));
    make_tables();
    for (const Stream& stream : case_.streams) views_.set_stream(stream, false);
    for (const Table& table : case_.tables) views_.add_table(table);
    const int silver = random_.between(1, 2);
    const int gold = random_.between(2, 4);
    for (int i = 0; i < silver; ++i)
      add_view(fmt::format("silver.{}{}", random_.pick({"v", "states", "k"}), i));
    for (int i = 0; i < gold; ++i) add_view(fmt::format("gold.{}{}", random_.pick({"v", "main", "rows"}), i));
    // A maintained view of every stream, so that what a bulk file brought is read again after a restart.
    for (const Stream& stream : case_.streams) {
      if (faults_.contains('s')) break;
      View view;
      view.name = "silver.each_" + stream.name;
      view.items = {{"id", ""}};
      view.from = "bronze." + stream.name;
      view.reads = {"bronze." + stream.name};
      view.must_be_maintained = true;
      current_.push_back(std::move(view));
    }
    case_.views = current_;
    make_steps();
    return std::move(case_);
  }

 private:
  // ---- streams and tables ----

  static Type type(const std::string& name) { return Type::parse(name).value(); }

  void fill_pool(Field& field, int size) {
    for (int i = 0; i < size; ++i) field.pool.push_back(random_value(random_, field.type, style(field)));
  }

  ValueStyle style(const Field& field) const { return {faults_.contains('a'), !field.is_small}; }

  void make_stream(const std::string& name) {
    Stream stream;
    stream.name = name;
    stream.fields.push_back({"id", type("bigint"), true, {}, false, 0});
    Field k{"k", type("varchar")};
    k.pool = {Value::of("a"), Value::of("b"), Value::of("A"), Value::of(""),
              Value::of("a text that is longer than twelve bytes")};
    if (random_.chance(40)) k.pool.push_back(Value::of("7"));
    stream.fields.push_back(k);
    Field g{"g", type("integer")};
    for (int i = 0; i < 5; ++i) g.pool.push_back(Value::of(fmt::format("{}", i)));
    stream.fields.push_back(g);
    std::vector<std::string> names = {"x",    "y",     "d",      "flag", "ts",      "s",       "tags",  "day",
                                      "v",    "n",     "o",      "a0",   "s0",      "total",   "Größe", "a-b",
                                      "it's", "order", "select", "m0_n", "values0", "payload", "up_to"};
    if (faults_.contains('d')) {
      for (const char* ours :
           {"_ord", "_order0", "_key0", "@rows", "@main", "@bronze.e", "_is_failed", "_event_offset"}) {
        if (random_.chance(50)) names.push_back(ours);
      }
    }
    if (faults_.contains('b')) names.insert(names.end(), {"x'--", "a\"b", "\"@bronze.e\"", "/*"});
    const std::vector<std::string> types = {"boolean",
                                            "tinyint",
                                            "smallint",
                                            "integer",
                                            "integer",
                                            "bigint",
                                            "hugeint",
                                            "utinyint",
                                            "usmallint",
                                            "uinteger",
                                            "ubigint",
                                            "real",
                                            "double",
                                            "double",
                                            "decimal(4,1)",
                                            "decimal(10,2)",
                                            "decimal(18,4)",
                                            "decimal(38,2)",
                                            "varchar",
                                            "varchar",
                                            "varchar",
                                            "blob",
                                            "date",
                                            "time",
                                            "timestamp",
                                            "timestamp",
                                            "timestamptz",
                                            "interval",
                                            "uuid",
                                            "json",
                                            "varchar[]",
                                            "varchar[]",
                                            "integer[]",
                                            "integer[][]",
                                            "struct(a integer, b varchar)",
                                            "struct(a double, b varchar[])",
                                            "map(varchar, integer)",
                                            "struct(p date, q varchar)[]",
                                            "map(varchar, varchar[])"};
    for (int n = random_.between(4, 9); n > 0 && !names.empty(); --n) {
      const size_t at = static_cast<size_t>(random_.below(static_cast<int>(names.size())));
      Field field{names[at], type(random_.pick(types))};
      names.erase(names.begin() + static_cast<std::ptrdiff_t>(at));
      using K = Type::Kind;
      const bool is_integer = field.type.kind >= K::tinyint && field.type.kind <= K::ubigint;
      field.is_small = !is_integer || random_.chance(75);
      if (field.type.kind == K::hugeint && faults_.contains('l')) field.is_small = false;
      if (random_.chance(55)) fill_pool(field, random_.between(2, 7));
      if (field.type.kind == K::varchar && random_.chance(35))
        field.pool = {Value::of("1"),           Value::of("7"),  Value::of("x"),
                      Value::of("99999999999"), Value::of(" 5"), Value::of("")};
      stream.fields.push_back(std::move(field));
    }
    // What the asked forms need.
    if (faults_.contains('l')) {
      // So few that a build and what came after it each have one, now and then.
      const std::string nines(38, '9');
      Field wide{
          "wide", type("hugeint"), false, {Value::of(nines), Value::of(nines), Value::of("-" + nines)}};
      const int small_values = random_.pick(std::vector<int>{20, 60, 200});
      for (int i = 0; i < small_values; ++i) wide.pool.push_back(Value::of(fmt::format("{}", i)));
      stream.fields.push_back(std::move(wide));
    }
    if (faults_.contains('n')) {
      stream.fields.push_back(
          {"zero", type("double"), true, {Value::of("-0.0"), Value::of("0"), Value::of("1.5")}});
      stream.fields.push_back({"bytes", type("blob")});
    }
    if (faults_.contains('a')) {
      for (const char* nested : {"varchar[]", "struct(a integer, b varchar)", "map(varchar, varchar)"}) {
        Field field{fmt::format("nested{}", stream.fields.size()), type(nested)};
        fill_pool(field, 4);
        stream.fields.push_back(std::move(field));
      }
    }
    if (random_.chance(40)) {
      std::vector<std::string> drift_names = {"extra", "late-field", "zusatz"};
      if (faults_.contains('d')) drift_names = {"_ord", "@main", "_key0", "_row"};
      if (faults_.contains('b')) drift_names.push_back("x'--");
      Field drift{random_.pick(drift_names),
                  type(random_.pick({"bigint", "double", "boolean", "varchar", "json"})),
                  true,
                  {},
                  true,
                  30};
      const bool is_taken = std::any_of(stream.fields.begin(), stream.fields.end(),
                                        [&](const Field& f) { return sql::same_name(f.name, drift.name); });
      if (drift.type.kind == Type::Kind::double_precision) {
        for (const char* text : {"0.5", "-1.25", "8.5"}) drift.pool.push_back(Value::of(text));
      } else if (drift.type.kind == Type::Kind::json) {
        for (const char* text : {"{\"a\":1}", "[1,2]"}) drift.pool.push_back(Value::of(text));
      }
      if (!is_taken) stream.fields.push_back(std::move(drift));
    }
    case_.streams.push_back(std::move(stream));
  }

  std::vector<std::vector<Value>> table_rows(const Table& table) {
    std::vector<std::vector<Value>> rows;
    std::vector<int> unused;
    for (int i = -3; i < 20; ++i) unused.push_back(i);
    for (int n = random_.below(7); n > 0; --n) {
      std::vector<Value> row;
      for (const Field& column : table.columns) {
        if (column.is_unique) {
          const auto at = unused.begin() + random_.below(static_cast<int>(unused.size()));
          row.push_back(Value::of(fmt::format("{}", *at)));
          unused.erase(at);
          continue;
        }
        Value value = random_.chance(10) ? Value{} : value_of(column);
        const bool is_empty_text =
            column.type.kind == Type::Kind::varchar && !value.is_null && value.text.empty();
        if (is_empty_text && table.format == "csv" && !faults_.contains('u')) value.text = "x";
        row.push_back(std::move(value));
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

  void make_tables() {
    const auto add = [&](const std::string& name, const char* key, const char* key_type, const char* format) {
      Table table;
      table.name = name;
      table.format = format;
      Field key_column{key, type(key_type)};
      key_column.pool = std::string(key) == "g"
                            ? case_.streams[0].fields[2].pool
                            : std::vector<Value>{Value::of("a"), Value::of("b"), Value::of("A"),
                                                 Value::of("7"), Value::of("no such")};
      table.columns.push_back(key_column);
      Field label{random_.pick({"label", "name", "s0", "x"}), type("varchar")};
      label.pool = {Value::of("one"), Value::of("two"), Value::of("a text that is longer than twelve bytes"),
                    Value::of("12")};
      table.columns.push_back(label);
      table.columns.push_back({random_.pick({"weight", "w", "v"}), type("double")});
      if (table.format == "parquet")
        table.columns.push_back({"extras", type(random_.pick({"decimal(10,2)", "date", "varchar[]", "boolean",
                                                              "blob", "struct(a integer, b varchar)"}))});
      if (table.format == "csv")
        table.columns.push_back(
            {"extras", type(random_.pick({"decimal(10,2)", "date", "boolean", "bigint"}))});
      if (table.format == "json")
        table.columns.push_back({"extras", type(random_.pick({"date", "boolean", "bigint", "varchar[]"}))});
      Field since{random_.pick({"since", "valid_from", "a0"}), type("integer")};
      since.is_unique = true;
      table.columns.push_back(since);
      for (int versions = 3; versions > 0; --versions) {
        std::vector<std::vector<Value>> rows = table_rows(table);
        if (rows.empty())
          rows.push_back({key_column.pool[0], label.pool[0], Value{}, Value{}, Value::of("2")});
        table.versions.push_back(std::move(rows));
      }
      case_.tables.push_back(std::move(table));
    };
    add("dim", "k", "varchar", random_.pick({"csv", "json", "parquet"}).c_str());
    if (random_.chance(60))
      add(random_.pick({"lookup", "rows", "d0"}), "g", "integer",
          random_.pick({"csv", "json", "parquet"}).c_str());
  }

  Value value_of(const Field& field) {
    if (!field.pool.empty() && random_.chance(92)) return random_.pick(field.pool);
    if (field.is_drift && !field.pool.empty()) return field.pool[0];
    return random_value(random_, field.type, style(field));
  }

  // ---- views ----

  void add_view(const std::string& name) { current_.push_back(views_.make(name)); }

  // ---- steps ----

  Event event(const Stream& stream, bool has_drift) {
    Event event;
    for (const Field& field : stream.fields) {
      if (field.is_drift && !has_drift) continue;
      Value value = random_.chance(field.null_percent) ? Value{} : value_of(field);
      if (field.name == "id")
        value = Value::of(fmt::format("{}", random_.chance(5) && next_id_ > 0 ? next_id_ - 1 : next_id_++));
      event.fields[field.name] = std::move(value);
    }
    return event;
  }

  void add_events(int count) {
    const Stream& stream = case_.streams[random_.chance(70) ? 0 : case_.streams.size() - 1];
    Step step;
    step.stream = stream.name;
    const int choice = random_.below(100);
    step.format = choice < 55 ? "ndjson" : choice < 70 ? "json" : choice < 85 ? "csv" : "cloudevents";
    const bool has_drift = step.format != "csv" && drift_.contains(stream.name);
    for (int i = 0; i < count; ++i) {
      if (step.format == "ndjson" && random_.chance(3)) {
        Event rubbish;
        rubbish.rubbish = random_.pick(
            {"not json", "{\"k\":\"no id\"}", "{\"id\":\"text\"}", "[1]", "{\"id\":1,\"g\":5.5}"});
        step.events.push_back(std::move(rubbish));
        continue;
      }
      step.events.push_back(event(stream, has_drift));
    }
    if (has_drift) note_drift(stream, step.events);
    case_.steps.push_back(std::move(step));
  }

  void note_drift(const Stream& stream, const std::vector<Event>& events) {
    for (const Field& field : stream.fields) {
      if (!field.is_drift) continue;
      for (const Event& event : events) {
        const auto found = event.fields.find(field.name);
        if (found != event.fields.end() && !found->second.is_null) seen_.insert(stream.name);
      }
    }
  }

  void add_bulk() {
    const Stream& stream = random_.pick(case_.streams);
    Step step;
    step.kind = Step::Kind::bulk;
    step.stream = stream.name;
    for (int n = random_.between(10, 50); n > 0; --n) {
      step.events.push_back(event(stream, false));
    }
    case_.steps.push_back(std::move(step));
  }

  void add(Step::Kind kind) {
    Step step;
    step.kind = kind;
    case_.steps.push_back(std::move(step));
  }

  // What a build of all views, and a start without any build, make visible.
  void pin_newest() {
    for (const Stream& stream : case_.streams) {
      if (seen_.contains(stream.name) && visible_.insert(stream.name).second) views_.set_stream(stream, true);
    }
  }

  void add_change() {
    Step step;
    step.kind = Step::Kind::change;
    if (!has_build_) pin_newest();  // it comes with a restart
    for (int attempt = 0; attempt < 6 && step.models.empty(); ++attempt) {
      View& old = current_[static_cast<size_t>(random_.below(static_cast<int>(current_.size())))];
      const bool is_read = std::any_of(current_.begin(), current_.end(),
                                       [&](const View& view) { return view.reads.contains(old.name); });
      if (is_read || old.name.starts_with("silver.each_")) continue;
      views_.remove(old.name);
      old = views_.make(old.name);
      // A model may read only those that are made before it, so that the order stays.
      step.models.push_back(old);
    }
    if (current_.size() < 7 && random_.chance(40)) {
      current_.push_back(views_.make(fmt::format("gold.new{}", current_.size())));
      step.models.push_back(current_.back());
    }
    if (!step.models.empty()) case_.steps.push_back(std::move(step));
  }

  void add_build_some() {
    Step step;
    step.kind = Step::Kind::build_some;
    for (const View& view : current_) {
      if (random_.chance(40)) step.views.push_back(view.name);
    }
    if (step.views.empty()) step.views.push_back(current_.back().name);
    has_build_ = true;
    case_.steps.push_back(std::move(step));
  }

  void add_copy() {
    Step step;
    step.kind = Step::Kind::copy;
    const size_t at = static_cast<size_t>(random_.below(static_cast<int>(case_.tables.size())));
    step.table = case_.tables[at].name;
    step.version = static_cast<size_t>(random_.below(3));
    case_.steps.push_back(std::move(step));
  }

  void make_steps() {
    for (const Stream& stream : case_.streams) {
      for (const Field& field : stream.fields) {
        if (field.is_drift && random_.chance(30)) drift_.insert(stream.name);
      }
    }
    add_events(random_.between(60, 120));
    const int count = case_.has_processes ? random_.between(3, 5) : random_.between(4, 7);
    for (int i = 0; i < count; ++i) {
      const int choice = random_.below(100);
      if (choice < 28) {
        add(Step::Kind::build_all);
        pin_newest();
        has_build_ = true;
      } else if (choice < 38) {
        add_build_some();
      } else if (choice < 50) {
        add_copy();
        if (random_.chance(60)) {
          add(Step::Kind::build_all);
          pin_newest();
          has_build_ = true;
        }
      } else if (choice < 62) {
        add(Step::Kind::stop);
        if (!has_build_) pin_newest();
      } else if (choice < 76) {
        add_kill();
      } else if (choice < 86) {
        add_change();
      } else {
        add_bulk();
      }
      for (const Stream& stream : case_.streams) {
        for (const Field& field : stream.fields) {
          if (field.is_drift && random_.chance(40)) drift_.insert(stream.name);
        }
      }
      if (random_.chance(75)) add_events(random_.between(20, 70));
    }
    if (case_.has_processes) add_kill();
    add_events(random_.between(10, 40));
  }

  void add_kill() {
    add(Step::Kind::kill);
    if (case_.has_processes && random_.chance(50)) {
      case_.steps.back().is_in_flight = true;
      // Whether the build is published nobody knows; views may not count on it.
      has_build_ = true;
    } else if (!has_build_) {
      pin_newest();
    }
  }

  Random random_;
  const Faults faults_;
  ViewGenerator views_;
  Case case_;
  std::vector<View> current_;
  int64_t next_id_ = 0;
  std::set<std::string> drift_;    // streams whose events have drift fields now
  std::set<std::string> seen_;     // … have had them
  std::set<std::string> visible_;  // … show them in SQL
  bool has_build_ = false;
};

}  // namespace

Case make_case(uint64_t seed, bool has_processes, const Faults& faults) {
  return CaseGenerator(seed, has_processes, faults).run();
}

}  // namespace anabranch::fuzz
