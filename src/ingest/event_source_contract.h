#pragma once
// What every EventSource does (law L6). Test-only.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ingest/event_source.h"

namespace anabranch::ingest {

/// A source to which nothing has come yet.
struct EventSourceForTests {
  /// Opens it, as a start of the program does; what is open was closed before.
  std::function<std::unique_ptr<EventSource>()> open;
  /// Something comes, as NDJSON, in the order of the names.
  std::function<void(const std::string& name, const std::string& body)> arrive;
  /// All that was refused: bodies, and what was said why.
  std::function<std::vector<std::pair<std::string, std::string>>()> refused;
};

inline Arrival next_of(EventSource& source) {
  const auto next = source.next();
  EXPECT_TRUE(next) << next.error().describe();
  if (!next || !*next) {
    ADD_FAILURE() << "nothing came";
    return {};
  }
  return **next;
}

inline void expect_nothing(EventSource& source) {
  const auto next = source.next();
  ASSERT_TRUE(next) << next.error().describe();
  EXPECT_FALSE(*next) << (*next)->name << " came again";
}

inline void check_event_source_contract(const EventSourceForTests& test) {
  auto source = test.open();
  expect_nothing(*source);

  test.arrive("1.ndjson", "{\"a\": 1}\n");
  const Arrival first = next_of(*source);
  EXPECT_EQ(first.body, "{\"a\": 1}\n");
  EXPECT_EQ(first.format, BodyFormat::ndjson);
  EXPECT_NE(first.name.find("1"), std::string::npos);
  EXPECT_FALSE(first.key.empty());

  EXPECT_EQ(next_of(*source).key, first.key) << "until it was answered";
  source.reset();
  source = test.open();
  EXPECT_EQ(next_of(*source).key, first.key) << "also after a restart";
  EXPECT_EQ(next_of(*source).body, first.body);
  ASSERT_TRUE(source->taken(next_of(*source)));
  expect_nothing(*source);
  source.reset();
  source = test.open();
  expect_nothing(*source);

  test.arrive("2.ndjson", "{\"a\": 2}\n");
  test.arrive("3.ndjson", "{\"a\": 3}\n");
  test.arrive("4.ndjson", "{\"a\": 2}\n");
  std::vector<std::string> bodies;
  std::set<std::string> keys = {first.key};
  for (int i = 0; i < 3; ++i) {
    const Arrival arrival = next_of(*source);
    bodies.push_back(arrival.body);
    keys.insert(arrival.key);
    ASSERT_TRUE(source->taken(arrival));
  }
  EXPECT_EQ(bodies, (std::vector<std::string>{"{\"a\": 2}\n", "{\"a\": 3}\n", "{\"a\": 2}\n"})) << "in order";
  EXPECT_EQ(keys.size(), 4u) << "what has the same text is another arrival all the same";
  expect_nothing(*source);

  test.arrive("5.ndjson", "no json at all");
  test.arrive("6.ndjson", "{\"a\": 6}\n");
  ASSERT_TRUE(source->refused(next_of(*source), {Code::bad_input, "it is no JSON", "correct it", {}}));
  EXPECT_EQ(next_of(*source).body, "{\"a\": 6}\n") << "what is refused stops nothing";
  ASSERT_TRUE(source->taken(next_of(*source)));
  source.reset();
  source = test.open();
  expect_nothing(*source);
  const auto refused = test.refused();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].first, "no json at all") << "as it came";
  EXPECT_NE(refused[0].second.find("it is no JSON"), std::string::npos);
  EXPECT_NE(refused[0].second.find("correct it"), std::string::npos);

  test.arrive("1.ndjson", "{\"a\": 7}\n");
  const Arrival again = next_of(*source);
  EXPECT_EQ(again.body, "{\"a\": 7}\n");
  EXPECT_FALSE(keys.contains(again.key)) << "a name that comes again with another text is another arrival";
  ASSERT_TRUE(source->taken(again));
  expect_nothing(*source);

  // What is large may come in parts, each of whole records; after a restart from the first one again.
  std::string large;
  for (int i = 0; large.size() < 11 << 20; ++i)
    large += "{\"a\": " + std::to_string(i) + ", \"b\": \"" + std::string(1000, 'x') + "\"}\n";
  test.arrive("8.ndjson", large);
  const Arrival beginning = next_of(*source);
  ASSERT_TRUE(source->taken(beginning));
  if (beginning.number) {
    EXPECT_EQ(next_of(*source).number, 1u);
    source.reset();
    source = test.open();
    const Arrival first_again = next_of(*source);
    EXPECT_EQ(first_again.number, 0u);
    EXPECT_TRUE(first_again.body == beginning.body);
    ASSERT_TRUE(source->taken(first_again));
  }
  std::string together = beginning.body;
  for (uint64_t number = 1; together.size() < large.size(); ++number) {
    const Arrival part = next_of(*source);
    ASSERT_EQ(part.number, number);
    EXPECT_EQ(part.key, beginning.key);
    EXPECT_TRUE(part.body.ends_with('\n')) << "cut between records";
    EXPECT_EQ(part.line, 1 + static_cast<uint64_t>(std::ranges::count(together, '\n')));
    together += part.body;
    ASSERT_TRUE(source->taken(part));
  }
  EXPECT_TRUE(together == large) << "all of it, once, in order";
  expect_nothing(*source);
}

}  // namespace anabranch::ingest
