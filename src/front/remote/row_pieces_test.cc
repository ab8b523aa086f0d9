#include "front/remote/row_pieces.h"

#include <gtest/gtest.h>

#include "front/remote/links_for_tests.h"

namespace anabranch::front::remote {
namespace {

struct Frames final : serve::RowsSink {
  serve::RowsHead about;
  std::vector<std::string> frames;
  Status head(serve::RowsHead head) override {
    about = std::move(head);
    return {};
  }
  Status frame(std::string rows) override {
    frames.push_back(std::move(rows));
    return {};
  }
};

TEST(RowPieces, FramesComeAsTheyWereSent) {
  const std::vector<std::string> frames = {"[[1]]",
                                           "",
                                           std::string(4 << 20, 'a'),
                                           std::string((9 << 20) + 1, 'b'),
                                           std::string(8 << 20, 'c'),
                                           std::string("\x01", 1)};
  Frames sink;
  ReceivedRows received(sink);
  size_t largest = 0;
  TestLinks links(
      [&](processes::IncomingCall& call) -> Result<std::string> {
        SentRows rows(call);
        TRY(rows.head({{{"n", "INTEGER"}}, "b-1", {{"flights", {3}}}, 7}));
        for (const std::string& frame : frames) TRY(rows.frame(frame));
        return "end";
      },
      nullptr);
  struct Watched final : processes::FrameSink {
    ReceivedRows& inner;
    size_t& largest;
    Watched(ReceivedRows& inner, size_t& largest) : inner(inner), largest(largest) {}
    Status frame(std::string bytes) override {
      largest = std::max(largest, bytes.size());
      return inner.frame(std::move(bytes));
    }
  } watched(received, largest);
  EXPECT_EQ(links.server()->call("rows", "", &watched).value(), "end");
  EXPECT_TRUE(sink.frames == frames);
  EXPECT_EQ(sink.about.columns, (std::vector<model::RelationColumn>{{"n", "INTEGER"}}));
  EXPECT_EQ(sink.about.build_id, "b-1");
  EXPECT_EQ(sink.about.offsets, (model::Offsets{{"flights", {3}}}));
  EXPECT_EQ(sink.about.epoch, 7);
  EXPECT_LE(largest, (4u << 20) + 1) << "no piece is larger than a message may be";
  EXPECT_FALSE(received.error());
}

TEST(RowPieces, WhatIsNoFrameEndsTheCall) {
  for (const std::string& bytes : {std::string(), std::string("rows\x02"), std::string("rows\xFF")}) {
    Frames sink;
    ReceivedRows received(sink);
    ASSERT_TRUE(received.frame(wire::encode(serve::RowsHead())));
    const Status taken = received.frame(bytes);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Code::corrupt);
    ASSERT_TRUE(received.error());
    EXPECT_EQ(received.error()->code, Code::corrupt);
    EXPECT_TRUE(sink.frames.empty());
  }
  Frames sink;
  ReceivedRows received(sink);
  EXPECT_EQ(received.frame("no head").error().code, Code::corrupt);
}

}  // namespace
}  // namespace anabranch::front::remote
