#include "history/log_feed.h"

namespace anabranch::history {
namespace {

constexpr size_t rows_at_once = 20'000;

}  // namespace

class LogFeed::LogCursor final : public Cursor {
 public:
  LogCursor(LogFeed& feed, model::Offset from, model::Offset end)
      : feed_(feed), reader_(feed.stream_), at_(from), end_(end) {}

  Result<std::shared_ptr<const model::ColumnBatch>> next() override {
    while (at_ < end_) {
      Events events = TRY(reader_.read(at_, end_, rows_at_once));
      if (events.range.size() == 0) {
        return fail(Code::corrupt, "the log of " + feed_.stream_.name.text() + " ends at offset " +
                                       std::to_string(at_) + " although " + std::to_string(end_) +
                                       " are asked for");
      }
      at_ = events.range.end;
      if (events.batches.empty()) continue;
      feed_.rows_read_ += static_cast<int64_t>(events.batches.front()->rows);
      return events.batches.front();
    }
    return nullptr;
  }

 private:
  LogFeed& feed_;
  StreamReader reader_;
  model::Offset at_;
  const model::Offset end_;
};

Result<std::unique_ptr<sql::Feed::Cursor>> LogFeed::open(model::Offset from, model::Offset end) {
  return std::make_unique<LogCursor>(*this, from, end);
}

}  // namespace anabranch::history
