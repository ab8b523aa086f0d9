// What is known of producers: which batch is due, which is a repeat, and that memory has a bound.

#include "log/producer_table.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/seed.h"

namespace anabranch::log {
namespace {

constexpr int64_t hour_us = int64_t{3600} * 1'000'000;

Producer numbered(std::string id, uint64_t sequence, uint32_t fingerprint = 1) {
  return {std::move(id), sequence, fingerprint};
}
Producer key(std::string id, uint32_t fingerprint = 1) { return {std::move(id), std::nullopt, fingerprint}; }
Answer answer(model::Offset first, int64_t at_us = 0, uint32_t fingerprint = 1) {
  return {{first, first + 1}, 0, at_us, fingerprint};
}

class Producers : public ::testing::Test {
 protected:
  // "new", the first offset of the answer it had, or why it is refused.
  std::string judged(const Producer& producer, int64_t now_us = 0) {
    const auto outcome = table_.judge(producer, group_, now_us);
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, Code::conflict);
      return outcome.error().message;
    }
    return *outcome ? fmt::to_string((*outcome)->range.first) : "new";
  }

  ProducerTable::Limits limits_;
  ProducerTable table_;
  ProducerTable group_;
};

TEST_F(Producers, BatchesAreDueInOrderAndRepeatsGetTheirAnswer) {
  EXPECT_EQ(judged(numbered("a", 0)), "new");
  EXPECT_EQ(judged(numbered("a", 1)), "sequence 1 of producer \"a\" comes where 0 is expected");
  for (uint64_t i = 0; i < 3; ++i) table_.add(numbered("a", i), answer(static_cast<model::Offset>(10 * i)));
  EXPECT_EQ(judged(numbered("a", 3)), "new");
  EXPECT_EQ(judged(numbered("a", 1)), "10");
  EXPECT_EQ(judged(numbered("a", 5)), "sequence 5 of producer \"a\" comes where 3 is expected");
  EXPECT_EQ(judged(numbered("b", 0)), "new");
  EXPECT_EQ(table_.next_sequence("a", 0), 3u);
  EXPECT_EQ(table_.next_sequence("b", 0), 0u);
}

TEST_F(Producers, ABatchOfTheSameGroupCountsAsSent) {
  table_.add(numbered("a", 0), answer(0));
  group_.add(numbered("a", 1), answer(7));
  EXPECT_EQ(judged(numbered("a", 0)), "0");
  EXPECT_EQ(judged(numbered("a", 1)), "7");
  EXPECT_EQ(judged(numbered("a", 2)), "new");
  group_.add(key("k"), answer(9));
  EXPECT_EQ(judged(key("k")), "9");
}

TEST_F(Producers, AnotherContentUnderAKnownNumberIsRefused) {
  table_.add(numbered("a", 0), answer(0));
  table_.add(key("k"), answer(1));
  EXPECT_EQ(judged(numbered("a", 0, 2)), "sequence 0 of producer \"a\" came with other content before");
  EXPECT_EQ(judged(key("k", 2)), "the idempotency key \"k\" came with other content before");
  EXPECT_EQ(judged(numbered("k", 0)), "new") << "a key and a producer of the same name are two things";
}

TEST_F(Producers, OldAnswersAreForgottenButNotThatTheyWereGiven) {
  for (uint64_t i = 0; i < 20; ++i) table_.add(numbered("a", i), answer(static_cast<model::Offset>(i)));
  EXPECT_EQ(judged(numbered("a", 20 - ProducerTable::answers_a_producer)), "12");
  EXPECT_EQ(
      judged(numbered("a", 11)),
      "sequence 11 of producer \"a\" is stored already, and its answer is no longer kept; 20 is expected");
}

TEST_F(Producers, WhatWasNotHeardOfForLongIsForgotten) {
  table_.add(numbered("a", 0), answer(0, hour_us));
  table_.add(key("k"), answer(1, hour_us));
  const int64_t kept = hour_us + limits_.kept_us;
  EXPECT_EQ(judged(key("k"), kept), "1");
  EXPECT_EQ(judged(key("k"), kept + 1), "new");
  EXPECT_EQ(judged(numbered("a", 1), kept), "new");
  EXPECT_EQ(judged(numbered("a", 1), kept + 1), "sequence 1 of producer \"a\" comes where 0 is expected");
  table_.add(numbered("b", 0), answer(2, kept + 1));
  EXPECT_EQ(table_.producers(), 1u) << "a is gone";
}

TEST_F(Producers, MemoryHasABoundAndTheLongestUnheardGoesFirst) {
  limits_.producers_max = 10;
  limits_.keys_max = 5;
  table_ = ProducerTable(limits_);
  for (int i = 0; i < 10; ++i) table_.add(numbered(fmt::format("p{}", i), 0), answer(i));
  table_.add(numbered("p0", 1), answer(10));  // heard of again
  table_.add(numbered("p10", 0), answer(11));
  EXPECT_EQ(table_.producers(), 10u);
  EXPECT_EQ(judged(numbered("p0", 1)), "10");
  EXPECT_EQ(judged(numbered("p1", 0)), "new") << "forgotten";
  for (int i = 0; i < 1000; ++i) table_.add(key(fmt::format("k{}", i)), answer(i));
  EXPECT_EQ(table_.keys(), 5u);
  EXPECT_EQ(judged(key("k995")), "995");
  EXPECT_EQ(judged(key("k994")), "new");
}

TEST_F(Producers, ATableIsWhatItWasAfterAFile) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  std::vector<uint64_t> next(7, 0);
  for (int i = 0; i < 500; ++i) {
    const size_t producer = random() % next.size();
    if (random() % 3 == 0) {
      table_.add(key(fmt::format("k{}", random() % 50)), answer(i, i));
    } else {
      table_.add(numbered(fmt::format("p{}\0x", producer), next[producer]++), answer(i, i));
    }
  }
  const std::string bytes = table_.encode();
  const auto read = ProducerTable::decode(bytes, limits_);
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(read->encode(), bytes);
  for (size_t cut = 0; cut < bytes.size(); cut += 1 + random() % 97)
    EXPECT_FALSE(ProducerTable::decode(std::string_view(bytes).substr(0, cut), limits_)) << cut;
  std::string flipped = bytes;
  flipped[random() % flipped.size()] ^= 4;
  EXPECT_FALSE(ProducerTable::decode(flipped, limits_));
}

TEST_F(Producers, AnExtensionIsReadAsItWasWritten) {
  for (const Producer& producer :
       {key("k"), key(std::string(255, 'x'), 0xffffffff), numbered("ü\n", UINT64_MAX)}) {
    const auto read = parse_extension(encode_extension(producer));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, producer);
  }
  EXPECT_EQ(encode_extension(std::nullopt), "");
  // A later version's item is passed over.
  const auto read = parse_extension(std::string("\x7f\x02\x00zz", 5) + encode_extension(key("k")));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, key("k"));
  EXPECT_FALSE(parse_extension("\x01\x05"));
  EXPECT_FALSE(parse_extension(std::string("\x02\x06\x00\x01\x00\x00\x00zz", 9)));
}

}  // namespace
}  // namespace anabranch::log
