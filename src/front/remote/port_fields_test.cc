// Every record of the ports as bytes and back, and bytes that are none.

#include "front/remote/port_fields.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "front/remote/engine_state.h"
#include "tests/support/seed.h"

namespace anabranch::front::remote {
namespace {

// Gives every field of a record a value of its own; none keeps its default.
class Filler {
 public:
  template <typename... Values>
  void operator()(Values&... values) {
    (fill(values), ...);
  }

 private:
  template <typename T>
  void fill(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = !value;
    } else if constexpr (std::is_enum_v<T>) {
      value = wire::LastOf<T>::value;
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(++last_);
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = fmt::format("text {}", ++last_);
    } else if constexpr (wire::detail::is_a<std::optional, T>) {
      fill(value.emplace());
    } else if constexpr (wire::detail::is_a<std::vector, T>) {
      value.resize(2);
      for (auto& entry : value) fill(entry);
    } else if constexpr (wire::detail::is_a<std::map, T>) {
      fill(value[fmt::format("key {}", ++last_)]);
    } else if constexpr (wire::detail::is_a<std::set, T>) {
      value.insert(fmt::format("key {}", ++last_));
    } else if constexpr (wire::detail::is_a<std::pair, T>) {
      fill(value.first);
      fill(value.second);
    } else {
      wire::Fields<T>::of(*this, value);
    }
  }
  int64_t last_ = 0;
};

template <typename T>
T full() {
  T value{};
  Filler filler;
  filler(value);
  return value;
}

template <typename Record>
class PortFields : public testing::Test {};

// Whatever a call asks or answers.
using Records =
    testing::Types<security::Caller, ModelInfo, RunningTask, Fault, PublishedBuild, RunningBuild, Storage,
                   catalog::BuildRun, LastVerdict, catalog::KeyedAnswer, ApplyRequest, ProjectPlan,
                   DiffRequest, ProjectDiff, DropRequest, ProjectDrop, quality::Verifier::Request,
                   quality::VerifyProgress, quality::Verdict, TableInfo, TableCopied, serve::QueryRead,
                   serve::ViewRead, serve::RowsHead, serve::RowsEnd, serve::ViewRecord, serve::ViewDetail,
                   serve::ViewErrors, serve::ReadState, EngineState::Told>;
TYPED_TEST_SUITE(PortFields, Records);

TYPED_TEST(PortFields, ComeAsTheyWere) {
  const std::string bytes = wire::encode(full<TypeParam>());
  const auto read = wire::decode<TypeParam>(bytes);
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(wire::encode(*read), bytes);
  EXPECT_NE(wire::encode(TypeParam{}), bytes);
  EXPECT_TRUE(wire::decode<TypeParam>(wire::encode(TypeParam{})));
}

TYPED_TEST(PortFields, BytesThatAreNoneAreCorrupt) {
  const uint64_t seed = test::seed();
  SCOPED_TRACE(fmt::format("ANABRANCH_SEED={}", seed));
  std::mt19937_64 random(seed);
  const std::string whole = wire::encode(full<TypeParam>());
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto read = wire::decode<TypeParam>(whole.substr(0, size));
    ASSERT_FALSE(read) << size << " of " << whole.size() << " bytes";
    ASSERT_EQ(read.error().code, Code::corrupt);
  }
  for (int run = 0; run < 5'000; ++run) {
    std::string bytes = whole;
    for (size_t changes = 1 + random() % 4; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto read = wire::decode<TypeParam>(bytes);
    if (!read) continue;
    ASSERT_EQ(wire::encode(*read), bytes) << "it is written otherwise than it was read";
  }
}

TEST(PortFieldsOf, APlanAreAllThatItIs) {
  views::Plan plan;
  plan.view = "gold.daily";
  plan.view_class = views::ViewClass::keyed;
  plan.reasons = {{"window", "over raw events", {"daily.sql", 3, 7}}};
  plan.order = {{{"day", true, sql::OrderItem::Nulls::first}, "DATE"}};
  plan.has_table_order = true;
  plan.ordered_finalise = "SELECT 1";
  const auto read = wire::decode<views::Plan>(wire::encode(plan)).value();
  EXPECT_EQ(read.view, plan.view);
  EXPECT_EQ(read.view_class, plan.view_class);
  ASSERT_EQ(read.reasons.size(), 1u);
  EXPECT_EQ(read.reasons[0].reason, "over raw events");
  EXPECT_EQ(read.reasons[0].place, plan.reasons[0].place);
  ASSERT_EQ(read.order.size(), 1u);
  EXPECT_EQ(read.order[0].key, plan.order[0].key);
  EXPECT_EQ(read.order[0].type, "DATE");
  EXPECT_TRUE(read.has_table_order);
  EXPECT_EQ(read.ordered_finalise, "SELECT 1");
}

TEST(EngineState, IsWhatWasToldLast) {
  EngineState state;
  EXPECT_FALSE(state.is_ready());
  EngineState::Told told;
  told.is_ready = true;
  told.reads.epoch = 7;
  told.reads.applied = {{"flights", {3}}};
  state.take(EngineState::topic, wire::encode(told));
  state.take("another.topic", wire::encode(EngineState::Told()));
  state.take(EngineState::topic, "rubbish");
  EXPECT_TRUE(state.is_ready());
  EXPECT_EQ(state.reads().epoch, 7);
  EXPECT_EQ(state.reads().applied, told.reads.applied);
  state.forget();
  EXPECT_FALSE(state.is_ready());
  EXPECT_EQ(state.reads().epoch, 0);
}

}  // namespace
}  // namespace anabranch::front::remote
