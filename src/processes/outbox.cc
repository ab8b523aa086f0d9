#include "processes/outbox.h"

#include <algorithm>
#include <chrono>

namespace anabranch::processes {
namespace {

constexpr std::chrono::milliseconds look_every(50);
// Who only wants to send one message does not write those of others for ever.
constexpr int rounds_at_once = 4;

}  // namespace

bool Outbox::add(Kind kind, uint64_t id, std::string body, bool is_unwaited) {
  Outgoing& message = queue_.emplace_back();
  message.head = to_bytes(Head{kind, id, body.size()});
  message.body = std::move(body);
  message.is_unwaited = is_unwaited;
  bytes_ += message.size();
  if (is_unwaited) unwaited_bytes_ += message.size();
  if (is_writing_) return false;
  is_writing_ = true;
  return true;
}

bool Outbox::put(Kind kind, uint64_t id, std::string body, const std::function<bool()>& give_up) {
  {
    Lock lock(mutex_);
    while (!is_ended_ && bytes_ >= bytes_max_) {
      if (give_up()) return false;
      lock.wait_for(room_, look_every);
    }
    if (is_ended_) return false;
    if (!add(kind, id, std::move(body), false)) return true;
  }
  write_at_once();
  return true;
}

void Outbox::put_now(Kind kind, uint64_t id, std::string body) {
  {
    Lock lock(mutex_);
    if (is_ended_) return;
    if (unwaited_bytes_ > unwaited_bytes_max_) {
      is_ended_ = is_overfull_ = true;
      socket_.shut_down();
      room_.notify_all();
      writer_.notify_all();
      return;
    }
    if (!add(kind, id, std::move(body), true)) return;
  }
  write_at_once();
}

void Outbox::write_at_once() {
  for (int round = 0; round < rounds_at_once; ++round) {
    const Written written = write_some();
    if (written == Written::all || written == Written::ended) return;
    if (written == Written::full) break;
  }
  Lock lock(mutex_);
  is_writers_turn_ = true;
  writer_.notify_one();
}

void Outbox::write_on() {
  while (true) {
    {
      Lock lock(mutex_);
      while (!is_writers_turn_ && !is_ended_) lock.wait(writer_);
      if (is_ended_) return;
      is_writers_turn_ = false;
    }
    Written written = Written::some;
    while (written == Written::some || written == Written::full) {
      if (written == Written::full) (void)socket_.wait_for_room();
      written = write_some();
    }
  }
}

Outbox::Written Outbox::write_some() {
  std::array<std::string_view, io::Socket::pieces_max> pieces;
  size_t count = 0;
  size_t size = 0;
  {
    Lock lock(mutex_);
    if (is_ended_) {
      is_writing_ = false;
      return Written::ended;
    }
    // Others add to the end meanwhile, which moves none of these.
    size_t skipped = first_written_;
    for (const Outgoing& message : queue_) {
      if (count + 2 > pieces.size()) break;
      for (std::string_view piece :
           {std::string_view(message.head.data(), head_bytes), std::string_view(message.body)}) {
        const size_t cut = std::min(skipped, piece.size());
        skipped -= cut;
        piece.remove_prefix(cut);
        if (!piece.empty()) pieces[count++] = piece;
        size += piece.size();
      }
    }
  }
  const auto written = socket_.write_now({pieces.data(), count});
  Lock lock(mutex_);
  if (!written) {
    is_ended_ = true;
    is_writing_ = false;
    socket_.shut_down();
    room_.notify_all();
    writer_.notify_all();
    return Written::ended;
  }
  take_off(*written);
  if (queue_.empty()) {
    is_writing_ = false;
    return Written::all;
  }
  return *written < size ? Written::full : Written::some;
}

void Outbox::take_off(size_t written) {
  first_written_ += written;
  while (!queue_.empty() && first_written_ >= queue_.front().size()) {
    const size_t size = queue_.front().size();
    first_written_ -= size;
    bytes_ -= size;
    if (queue_.front().is_unwaited) unwaited_bytes_ -= size;
    queue_.pop_front();
  }
  if (bytes_ < bytes_max_) room_.notify_all();
}

void Outbox::end() {
  Lock lock(mutex_);
  is_ended_ = true;
  room_.notify_all();
  writer_.notify_all();
}

bool Outbox::is_overfull() {
  Lock lock(mutex_);
  return is_overfull_;
}

}  // namespace anabranch::processes
