#include <map>

#include <fmt/format.h>

#include "ingest/event_source_contract.h"

namespace anabranch::ingest {
namespace {

// What came and was not answered, kept by whoever sends it.
struct Queue {
  std::map<uint64_t, std::pair<std::string, std::string>> waiting;  // by number: name, body
  std::vector<std::pair<std::string, std::string>> refused;
  uint64_t next = 0;
};

// The second adapter of the contract: a queue in memory, which outlives the source.
class QueueSource final : public EventSource {
 public:
  explicit QueueSource(Queue& queue) : queue_(queue) {}
  Result<std::optional<Arrival>> next() override {
    if (queue_.waiting.empty()) return std::optional<Arrival>();
    const auto& [number, item] = *queue_.waiting.begin();
    Arrival arrival;
    arrival.name = item.first;
    arrival.key = fmt::to_string(number);
    arrival.body = item.second;
    return std::optional(std::move(arrival));
  }
  Status taken(const Arrival& arrival) override {
    queue_.waiting.erase(std::stoull(arrival.key));
    return {};
  }
  Status refused(const Arrival& arrival, const Error& why) override {
    queue_.refused.emplace_back(arrival.body, why.describe());
    return taken(arrival);
  }

 private:
  Queue& queue_;
};

TEST(EventSourceTest, AQueueKeepsTheContract) {
  Queue queue;
  check_event_source_contract({[&] { return std::make_unique<QueueSource>(queue); },
                               [&](auto& name, auto& body) { queue.waiting[queue.next++] = {name, body}; },
                               [&] { return queue.refused; }});
}

}  // namespace
}  // namespace anabranch::ingest
