// The bytes of an Arrow IPC stream. arrow_readers_check.py shows a real reader the same stream.

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "io/file_system.h"
#include "sql/database.h"
#include "sql/row_frames.h"

namespace anabranch::sql {
namespace {

constexpr const char* every_type =
    "SELECT i::tinyint AS t, -i::smallint AS s, i::integer AS i, i * 5000000000 AS b, i::utinyint AS ut, "
    "i::usmallint AS us, i::uinteger AS ui, i::ubigint AS ub, (i / 4)::float AS f, i / 8 AS d, "
    "(i || '.25')::decimal(38,2) AS m, (i || '.5')::decimal(4,1) AS small, i % 2 = 0 AS o, 'text ' || i AS "
    "v, "
    "'bytes'::blob AS y, DATE '2026-01-02' + i::integer AS day, TIME '05:06:07.5' AS clock, "
    "TIMESTAMP '2026-01-02 03:04:05.678901' AS at, TIMESTAMPTZ '2026-01-02 03:04:05+02' AS at_tz, "
    "'2026-01-02 03:04:05'::timestamp_s AS at_s, '2026-01-02 03:04:05.678'::timestamp_ms AS at_ms, "
    "'2026-01-02 03:04:05.678901234'::timestamp_ns AS at_ns, INTERVAL '1 month 2 days 3 seconds' AS span, "
    "'6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11'::uuid AS u, '{\"a\":1}'::json AS j, NULL AS n, "
    "['a', NULL, 'b'] AS l, []::integer[] AS none, [1, 2, 3]::integer[3] AS three, {'a': i, 'b': ['x']} AS "
    "st, "
    "map {'k': i, 'l': NULL} AS mp, 'red'::enum('blue', 'red') AS colour, "
    "CASE WHEN i % 3 > 0 THEN 'x' || i END AS gaps, CASE WHEN i % 3 > 0 THEN i END AS number_gaps, "
    "[{'a': CASE WHEN i > 1 THEN 1.5::decimal(3,1) END}] AS deep, "
    "CASE WHEN i = 1 THEN [i] END AS list_gaps, CASE WHEN i > 1 THEN {'a': i} END AS struct_gaps, "
    "(CASE WHEN i = 2 THEN [i, i] END)::bigint[2] AS array_gaps, CASE WHEN i < 2 THEN map {i: 'x'} END AS "
    "map_gaps, "
    "CASE WHEN i = 3 THEN 'blue'::enum('blue', 'red') END AS enum_gaps, CASE WHEN i > 2 THEN i = 3 END AS "
    "bool_gaps, "
    "[CASE WHEN i = 0 THEN 'red'::enum('green', 'red') END] AS colours FROM range(5) r(i) ORDER BY i";

std::string stream_of(const std::string& select) {
  const auto database = Database::open({}).value();
  auto session = database->connect().value();
  const auto rows = session.query(select);
  EXPECT_TRUE(rows) << rows.error().describe();
  std::string text;
  const Status written = rows->append_arrow(text);
  EXPECT_TRUE(written) << written.error().describe();
  return text;
}

uint32_t number_at(const std::string& text, size_t at) {
  uint32_t number = 0;
  std::memcpy(&number, text.data() + at, sizeof number);
  return number;
}

TEST(ArrowStream, IsWhatTheReaderWasShown) {
  const std::string stream = stream_of(every_type);
  if (const char* file = std::getenv("ANABRANCH_ARROW_FILE")) {
    ASSERT_TRUE(io::local_file_system().write_atomically(file, stream));
  }
  EXPECT_EQ(stream.size() % 8, 0u);
  EXPECT_EQ(number_at(stream, 0), 0xFFFFFFFFu);
  EXPECT_EQ(number_at(stream, 4) % 8, 0u);
  EXPECT_EQ(number_at(stream, stream.size() - 8), 0xFFFFFFFFu);
  EXPECT_EQ(number_at(stream, stream.size() - 4), 0u);
  // Of the bytes that arrow_readers_check.py found right: run it again when this changes.
  EXPECT_EQ(fmt::format("{} {:08x}", stream.size(), crc32c(stream)), "8896 14984e11");
}

TEST(ArrowStream, HasASchemaWithoutRowsToo) {
  const std::string stream = stream_of("SELECT 1 AS a, 'red'::enum('red') AS b WHERE false");
  EXPECT_EQ(number_at(stream, 0), 0xFFFFFFFFu);
  EXPECT_EQ(stream.size(), 8 + number_at(stream, 4) + 8) << "the schema and the end";
}

TEST(ArrowStream, SaysWhatHasNoPlaceInIt) {
  const auto database = Database::open({}).value();
  auto session = database->connect().value();
  const auto rows = session.query("SELECT '101'::bit AS flags");
  std::string text;
  const Status written = rows->append_arrow(text);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Code::bad_input);
  EXPECT_NE(written.error().message.find("flags"), std::string::npos);
}

TEST(ArrowStream, LargeAnswersEnd) {
  const auto database = Database::open({}).value();
  auto session = database->connect().value();
  const auto rows = session.query("SELECT range AS n, 'row ' || range AS t FROM range(200000)");
  std::string text;
  EXPECT_EQ(rows->append_arrow(text, 100'000).error().code, Code::too_large);
  text.clear();
  EXPECT_EQ(rows->append_json(text, Numbers::number, 100'000).error().code, Code::too_large);
  EXPECT_LT(text.size(), frame_bytes + 101'000) << "it ends with the frame that is too much";
  text.clear();
  EXPECT_EQ(rows->append_csv(text, 100'000).error().code, Code::too_large);
  EXPECT_LT(text.size(), frame_bytes + 101'000) << "it ends with the frame that is too much";
  EXPECT_EQ(session.query("SELECT range FROM range(10000000)", 1 << 20).error().code, Code::too_large);
  EXPECT_EQ(session.query("SELECT range FROM range(10)", 1 << 20)->row_count(), 10u);
}

}  // namespace
}  // namespace anabranch::sql
