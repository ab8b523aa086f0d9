#pragma once
// What every adapter of the slot "lake" must pass. Included by tests only; an adapter's test calls
// check_object_store_contract() with a store that is empty below "contract/" and a session that can open its
// local_path()s.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lake/object_store.h"
#include "sql/database.h"
#include "sql/syntax.h"

namespace anabranch::lake {

inline std::vector<std::string> keys_below(ObjectStore& store, const std::string& prefix) {
  std::vector<std::string> keys;
  const auto objects = store.list(prefix);
  EXPECT_TRUE(objects) << objects.error().describe();
  if (objects) {
    for (const ObjectInfo& object : *objects) keys.push_back(object.key);
  }
  return keys;
}

inline void check_objects_come_back(ObjectStore& store) {
  std::string bytes = "line\r\n\xff and a zero byte: ";
  bytes += '\0';
  bytes += std::string(100'000, 'x');
  ASSERT_TRUE(store.put_if_absent("contract/a/deep/er.bin", bytes));
  EXPECT_EQ(store.get("contract/a/deep/er.bin").value(), bytes);
  ASSERT_TRUE(store.put_if_absent("contract/a/empty", ""));
  EXPECT_EQ(store.get("contract/a/empty").value(), "");
  EXPECT_EQ(store.make_durable("contract/a/deep/er.bin").value(), static_cast<int64_t>(bytes.size()));
}

inline void check_missing_is_not_found(ObjectStore& store) {
  EXPECT_EQ(store.get("contract/missing").error().code, Code::not_found);
  EXPECT_EQ(store.get("contract/missing/below").error().code, Code::not_found);
  EXPECT_EQ(store.make_durable("contract/missing").error().code, Code::not_found);
  EXPECT_TRUE(store.remove("contract/missing")) << "removing nothing does nothing";
  EXPECT_TRUE(store.remove("contract/missing/below"));
}

inline void check_first_writer_wins(ObjectStore& store) {
  ASSERT_TRUE(store.put_if_absent("contract/once", "first"));
  EXPECT_EQ(store.put_if_absent("contract/once", "second").error().code, Code::conflict);
  EXPECT_EQ(store.put_if_absent("contract/once", "first").error().code, Code::conflict)
      << "the same bytes too";
  EXPECT_EQ(store.get("contract/once").value(), "first");
}

inline void check_one_of_many_wins(ObjectStore& store) {
  constexpr int writers = 8;
  for (int round = 0; round < 5; ++round) {
    const std::string key = fmt::format("contract/race/{}", round);
    std::atomic<int> winners = 0;
    std::atomic<int> winner = -1;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer] {
        const Status put = store.put_if_absent(key, std::to_string(writer));
        if (put) {
          ++winners;
          winner = writer;
        } else {
          EXPECT_EQ(put.error().code, Code::conflict) << put.error().describe();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(store.get(key).value(), std::to_string(winner));
  }
}

inline void check_lists_by_prefix(ObjectStore& store) {
  for (const char* key :
       {"contract/l/b", "contract/l/a/2", "contract/l/a/1", "contract/l/a-b", "contract/l2"}) {
    ASSERT_TRUE(store.put_if_absent(key, "12345"));
  }
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys_below(store, "contract/l/"),
            (Keys{"contract/l/a-b", "contract/l/a/1", "contract/l/a/2", "contract/l/b"}))
      << "sorted by key, without folders";
  EXPECT_EQ(keys_below(store, "contract/l/a"), (Keys{"contract/l/a-b", "contract/l/a/1", "contract/l/a/2"}));
  EXPECT_EQ(keys_below(store, "contract/l/a/"), (Keys{"contract/l/a/1", "contract/l/a/2"}));
  EXPECT_EQ(keys_below(store, "contract/l").size(), 5u);
  EXPECT_EQ(keys_below(store, "contract/nothing/"), Keys{});
  EXPECT_EQ(store.list("contract/l/b").value().at(0).size, 5);
  ASSERT_TRUE(store.remove("contract/l/b"));
  EXPECT_EQ(keys_below(store, "contract/l/b"), Keys{});
  EXPECT_TRUE(store.put_if_absent("contract/l/b", "again")) << "a removed key is free";
}

inline void check_refuses_bad_keys(ObjectStore& store) {
  for (const char* key : {"", "/etc/x", "../x", "a/../../x", "a//b", "a/", "./a", "a.tmp"}) {
    EXPECT_EQ(store.put_if_absent(key, "x").error().code, Code::bad_input) << key;
    EXPECT_FALSE(store.get(key)) << key;
    EXPECT_FALSE(store.remove(key)) << key;
  }
}

inline void check_engine_reads_and_writes(ObjectStore& store, sql::Session& session) {
  const std::string key = "contract/engine/new folder/part.parquet";
  ASSERT_TRUE(store.prepare(key));
  const std::string path = sql::quote_literal(store.local_path(key));
  const Status written = session.run(fmt::format("COPY (SELECT 42 AS n) TO {} (FORMAT parquet)", path));
  ASSERT_TRUE(written) << written.error().describe();
  const auto size = store.make_durable(key);
  ASSERT_TRUE(size) << size.error().describe();
  EXPECT_EQ(store.get(key).value().size(), static_cast<size_t>(*size));
  EXPECT_EQ(keys_below(store, "contract/engine/"), std::vector<std::string>{key});
  EXPECT_EQ(session.query(fmt::format("SELECT n FROM read_parquet({})", path)).value().integer(0, 0), 42);
}

inline void check_object_store_contract(ObjectStore& store, sql::Session& session) {
  check_objects_come_back(store);
  check_missing_is_not_found(store);
  check_first_writer_wins(store);
  check_one_of_many_wins(store);
  check_lists_by_prefix(store);
  check_refuses_bad_keys(store);
  check_engine_reads_and_writes(store, session);
}

}  // namespace anabranch::lake
