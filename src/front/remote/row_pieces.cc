#include "front/remote/row_pieces.h"

namespace anabranch::front::remote {
namespace {

constexpr size_t piece_bytes_max = 4 << 20;
// More than an answer in one frame may have (limits.answer_bytes_max) on any machine of today.
constexpr size_t frame_bytes_max = size_t{16} << 30;

constexpr char goes_on = 1;
constexpr char ends = 0;

}  // namespace

Status SentRows::head(serve::RowsHead head) { return call_.send(wire::encode(head)); }

Status SentRows::frame(std::string rows) {
  size_t sent = 0;
  for (; rows.size() - sent > piece_bytes_max; sent += piece_bytes_max) {
    std::string piece;
    piece.reserve(piece_bytes_max + 1);
    piece.append(rows, sent, piece_bytes_max);
    piece.push_back(goes_on);
    TRY(call_.send(std::move(piece)));
  }
  if (sent > 0) rows.erase(0, sent);
  rows.push_back(ends);
  return call_.send(std::move(rows));
}

Status ReceivedRows::frame(std::string bytes) {
  Status taken = take(std::move(bytes));
  if (!taken) error_ = taken.error();
  return taken;
}

Status ReceivedRows::take(std::string bytes) {
  if (!has_head_) {
    has_head_ = true;
    return sink_.head(TRY(wire::decode<serve::RowsHead>(bytes)));
  }
  const char mark = bytes.empty() ? goes_on + 1 : bytes.back();
  if (mark != goes_on && mark != ends) return fail(Code::corrupt, "rows came in a frame that is none");
  bytes.pop_back();
  if (mark == goes_on || !begun_.empty()) {
    if (bytes.size() > frame_bytes_max - begun_.size())
      return fail(Code::too_large, "a frame of rows came that has no end");
    begun_ += bytes;
    if (mark == goes_on) return {};
    bytes = std::exchange(begun_, {});
  }
  return sink_.frame(std::move(bytes));
}

}  // namespace anabranch::front::remote
