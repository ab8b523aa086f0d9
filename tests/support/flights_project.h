#pragma once
// The project of examples/flights, as a newcomer has it, in a folder of the test's own.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/file_system.h"
#include "tests/support/plain_engine.h"

namespace anabranch::test {

inline io::Path flights_example() { return io::Path(ANABRANCH_SOURCE) / "examples" / "flights"; }

/// Copies what a person wrote, and the tables' files; not what a run of the example left there.
inline void copy_flights_project(const io::Path& folder) {
  namespace fs = std::filesystem;
  fs::copy_file(flights_example() / "anabranch.yml", folder / "anabranch.yml");
  for (const char* part : {"models", "sources", "streams"})
    fs::copy(flights_example() / part, folder / part, fs::copy_options::recursive);
  fs::create_directories(folder / "data");
  for (const char* table : {"airlines", "airports", "planes", "weather"}) {
    const std::string file = fmt::format("{}.csv", table);
    fs::copy_file(flights_example() / "data" / file, folder / "data" / file);
  }
}

/// Some real flights, numbered from 0: two whole days, so that planes turn; every hundredth or so of the
/// year; and more of three busy airports, so that HAVING count(*) >= 100 has something to keep. In an order
/// that is random by the seed, which makes nearly every event a late one.
class FlightSample {
 public:
  FlightSample(PlainEngine& engine, uint64_t seed, int per_mille = 3) : engine_(engine) {
    const uint64_t first_day = seed % 363;
    engine_.run(fmt::format(
        "CREATE TABLE sample AS SELECT row_number() OVER (ORDER BY hash(_row, {0})) - 1 AS _n, * EXCLUDE "
        "(_row) FROM (SELECT * RENAME (file_row_number AS _row) FROM read_parquet({1}, file_row_number = "
        "true)) "
        "WHERE hash(_row, {0}, 'any') % 1000 < {2} OR (dest IN ('ATL', 'LAX', 'ORD') AND hash(_row, {0}, "
        "'busy') % 1000 < {3}) OR make_date(year, month, day) - DATE '2013-01-01' IN ({4}, {4} + 1)",
        seed, sql::quote_literal((flights_example() / "data" / "flights.parquet").string()), per_mille,
        per_mille * 6, first_day));
    const auto events = engine_.session().query(
        "SELECT to_json(f)::VARCHAR FROM (SELECT * EXCLUDE (_n) REPLACE (strftime(time_hour AT TIME ZONE "
        "'UTC', '%Y-%m-%dT%H:%M:%SZ') AS time_hour) FROM sample ORDER BY _n) AS f");
    EXPECT_TRUE(events) << events.error().describe();
    for (size_t i = 0; events && i < events->row_count(); ++i) json_.push_back(events->text(i, 0).value());
  }

  size_t size() const { return json_.size(); }
  const std::string& json(size_t number) const { return json_.at(number); }

  /// A Parquet file of these flights, for a bulk import.
  void write_parquet(const std::vector<size_t>& numbers, const io::Path& file) {
    load_numbers(numbers);
    engine_.run(
        fmt::format("COPY (SELECT s.* EXCLUDE (_n) FROM numbers JOIN sample AS s ON s._n = numbers.n "
                    "ORDER BY numbers.place) TO {} (FORMAT parquet)",
                    sql::quote_literal(file.string())));
  }

  /// Makes bronze.flights of these flights.
  void load_stream(const std::vector<size_t>& numbers) {
    load_numbers(numbers);
    engine_.run(
        "CREATE OR REPLACE TABLE bronze.flights AS SELECT s.* EXCLUDE (_n) FROM numbers JOIN sample AS s ON "
        "s._n = numbers.n ORDER BY numbers.place");
  }

 private:
  void load_numbers(const std::vector<size_t>& numbers) {
    std::string rows;
    for (size_t at = 0; at < numbers.size(); ++at)
      rows += fmt::format("{}({}, {})", at == 0 ? "" : ", ", at, numbers[at]);
    engine_.run("CREATE OR REPLACE TABLE numbers (place BIGINT, n BIGINT)");
    if (!rows.empty()) engine_.run("INSERT INTO numbers VALUES " + rows);
  }

  PlainEngine& engine_;
  std::vector<std::string> json_;
};

}  // namespace anabranch::test
