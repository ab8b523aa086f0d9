#pragma once
// What every adapter of the slot "lake" must pass. Included by tests only; an adapter's test calls
// check_object_store_contract() with a store of its own.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lake/object_store.h"
#include "sql/database.h"
#include "sql/object_urls.h"
#include "sql/syntax.h"
#include "tests/support/temporary_folder.h"

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

// "0123…" over and over: what stands where says where it came from.
inline std::string numbered_bytes(size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += fmt::format("{} ", bytes.size());
  bytes.resize(size);
  return bytes;
}

inline void check_ranges_are_read(ObjectStore& store) {
  const std::string bytes = numbered_bytes(300'000);
  ASSERT_TRUE(store.put_if_absent("contract/ranges", bytes));
  const auto object = store.open("contract/ranges").value();
  EXPECT_EQ(object->size(), bytes.size());
  EXPECT_FALSE(object->version().empty());
  const auto range = [&](uint64_t position, size_t size) {
    std::string read(size, '?');
    const Status done = object->read(position, read);
    EXPECT_TRUE(done) << done.error().describe();
    return read;
  };
  EXPECT_EQ(range(0, bytes.size()), bytes);
  EXPECT_EQ(range(0, 0), "");
  EXPECT_EQ(range(bytes.size(), 0), "");
  EXPECT_EQ(range(bytes.size() - 1, 1), bytes.substr(bytes.size() - 1));
  std::string beyond(10, '?');
  EXPECT_EQ(object->read(bytes.size() - 9, beyond).error().code, Code::corrupt);
  EXPECT_EQ(object->read(bytes.size() + 100, beyond).error().code, Code::corrupt);
  EXPECT_NE(object->read(bytes.size(), beyond).error().message.find("contract/ranges"), std::string::npos);
  std::vector<std::thread> threads;
  for (size_t reader = 0; reader < 4; ++reader) {
    threads.emplace_back([&, reader] {
      for (size_t at = reader * 17; at < bytes.size() - 100; at += 997)
        EXPECT_EQ(range(at, 100), bytes.substr(at, 100));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store.open("contract/nothing").error().code, Code::not_found);
  EXPECT_NE(store.open("contract/nothing").error().message.find("contract/nothing"), std::string::npos);
  EXPECT_EQ(store.open("contract/../x").error().code, Code::bad_input);
}

inline void check_uploads_are_whole_or_not_there(ObjectStore& store) {
  const std::string key = "contract/upload/new folder/part.parquet";
  const std::string bytes = numbered_bytes(200'000);
  {
    const auto upload = store.create(key).value();
    const auto other = store.create("contract/upload/other").value();
    ASSERT_TRUE(upload->append(std::string_view(bytes).substr(0, 70'000)));
    ASSERT_TRUE(other->append("another"));
    ASSERT_TRUE(upload->append(std::string_view(bytes).substr(70'000)));
    EXPECT_EQ(store.open(key).error().code, Code::not_found) << "not before its end";
    EXPECT_EQ(keys_below(store, "contract/upload/"), std::vector<std::string>{});
    ASSERT_TRUE(upload->finish());
    ASSERT_TRUE(other->finish());
  }
  EXPECT_EQ(store.get(key).value(), bytes);
  EXPECT_EQ(store.get("contract/upload/other").value(), "another");
  EXPECT_EQ(store.make_durable(key).value(), static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(store.put_if_absent(key, "x").error().code, Code::conflict);

  (void)store.create("contract/upload/dropped").value()->append("some");
  EXPECT_EQ(store.open("contract/upload/dropped").error().code, Code::not_found);
  EXPECT_EQ(keys_below(store, "contract/upload/dropped"), std::vector<std::string>{});
  ASSERT_TRUE(store.create("contract/upload/empty").value()->finish());
  EXPECT_EQ(store.get("contract/upload/empty").value(), "");

  // A draft that is written again; who has it open goes on with what he opened.
  const auto before = store.open(key).value();
  const auto again = store.create(key).value();
  ASSERT_TRUE(again->append("second"));
  EXPECT_EQ(store.get(key).value(), bytes);
  ASSERT_TRUE(again->finish());
  EXPECT_EQ(store.get(key).value(), "second");
  EXPECT_NE(before->version(), store.open(key).value()->version());
  std::string first(6, '?');
  ASSERT_TRUE(before->read(0, first));
  EXPECT_EQ(first, bytes.substr(0, 6));
  EXPECT_EQ(store.create("contract/../x").error().code, Code::bad_input);
}

inline void check_files_are_taken_in(ObjectStore& store) {
  const test::TemporaryFolder folder;
  const std::string bytes = numbered_bytes(9'000'000);
  ASSERT_TRUE(io::local_file_system().write_atomically(folder / "made elsewhere", bytes));
  const Status taken = store.adopt("contract/adopted/a.duckdb", folder / "made elsewhere");
  ASSERT_TRUE(taken) << taken.error().describe();
  EXPECT_EQ(store.get("contract/adopted/a.duckdb").value(), bytes);
  EXPECT_FALSE(io::local_file_system().exists(folder / "made elsewhere").value());
  EXPECT_EQ(store.adopt("contract/adopted/b", folder / "nothing").error().code, Code::not_found);
  EXPECT_EQ(keys_below(store, "contract/adopted/"), std::vector<std::string>{"contract/adopted/a.duckdb"});
}

inline void check_an_own_file_is_the_object(ObjectStore& store) {
  ASSERT_TRUE(store.put_if_absent("contract/own", "bytes"));
  const auto file = store.file_of("contract/own");
  if (file) {
    EXPECT_EQ(io::local_file_system().read_file(*file).value(), "bytes");
  }
}

inline void check_engine_reads_and_writes(ObjectStore& store) {
  const auto database = sql::Database::open({}).value();
  ASSERT_TRUE(sql::give_objects(*database, store));
  auto session = database->connect().value();
  const std::string key = "contract/engine/new folder/part.parquet";
  const std::string url = sql::quote_literal(sql::object_url(key));
  const Status written = session.run(fmt::format("COPY (SELECT 42 AS n) TO {} (FORMAT parquet)", url));
  ASSERT_TRUE(written) << written.error().describe();
  const auto size = store.make_durable(key);
  ASSERT_TRUE(size) << size.error().describe();
  EXPECT_EQ(store.get(key).value().size(), static_cast<size_t>(*size));
  EXPECT_EQ(keys_below(store, "contract/engine/"), std::vector<std::string>{key});
  EXPECT_EQ(session.query(fmt::format("SELECT n FROM read_parquet({})", url)).value().integer(0, 0), 42);
}

/// The store is empty below "contract/".
inline void check_object_store_contract(ObjectStore& store) {
  check_objects_come_back(store);
  check_missing_is_not_found(store);
  check_first_writer_wins(store);
  check_one_of_many_wins(store);
  check_lists_by_prefix(store);
  check_refuses_bad_keys(store);
  check_ranges_are_read(store);
  check_uploads_are_whole_or_not_there(store);
  check_files_are_taken_in(store);
  check_an_own_file_is_the_object(store);
  check_engine_reads_and_writes(store);
}

}  // namespace anabranch::lake
