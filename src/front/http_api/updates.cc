#include "front/http_api/updates.h"

#include <chrono>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "front/http_api/build_record.h"
#include "front/http_api/status_document.h"
#include "http/problem.h"

namespace anabranch::front::http_api {
namespace {

constexpr auto round_time = std::chrono::milliseconds(250);  // four messages a second at most
constexpr int64_t silence_max_us = 1'000'000;
constexpr size_t clients_max = 64;  // each holds a connection
constexpr size_t builds_watched = 8;

}  // namespace

Updates::Updates(ApiContext& context) : context_(context), thread_([this] { run(); }) {}

Updates::~Updates() { stop(); }

void Updates::stop() {
  {
    Lock lock(mutex_);
    is_stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Updates::add_routes(RouteList& routes) {
  routes.add_always("GET", "/v1/updates", Lane::io,
                    [this](http::Request, http::Responder responder) { add(std::move(responder)); });
}

void Updates::add(http::Responder responder) {
  Lock lock(mutex_);
  if (clients_count_ + new_clients_.size() >= clients_max) {
    return responder.answer(
        http::overloaded(fmt::format("{} clients listen to updates already", clients_max)));
  }
  http::EventStream client = responder.events();
  if (is_stopping_) return client.close();
  new_clients_.push_back(std::move(client));
  wake_.notify_all();
}

std::vector<http::EventStream> Updates::take_new() {
  Lock lock(mutex_);
  return std::exchange(new_clients_, {});
}

void Updates::run() {
  auto next_round = std::chrono::steady_clock::now();
  while (true) {
    bool is_round = false;
    {
      Lock lock(mutex_);
      while (!is_stopping_ && new_clients_.empty()) {
        const auto left = next_round - std::chrono::steady_clock::now();
        is_round = left <= left.zero();
        if (is_round) break;
        lock.wait_for(wake_, left);
      }
      if (is_stopping_) break;
    }
    try {
      auto fresh = take_new();
      if (is_round) {
        next_round = std::chrono::steady_clock::now() + round_time;
        context_.rates.sample();
        tell_builds();
        std::erase_if(clients_, [](const http::EventStream& client) { return !client.is_open(); });
        Lock lock(mutex_);
        clients_count_ = clients_.size();
      }
      if (!fresh.empty() || (is_round && !clients_.empty())) tell_status(fresh, is_round);
    } catch (const std::exception& error) {
      spdlog::error("updates failed: {}", error.what());
    }
  }
  for (http::EventStream& client : clients_) client.close();
  for (http::EventStream& client : take_new()) client.close();
}

// A new client gets the status at once; the others when it changed, and from time to time.
void Updates::tell_status(std::vector<http::EventStream>& fresh, bool is_round) {
  const Json document = status_document(context_);
  const std::string text = to_text(document);
  for (http::EventStream& client : fresh) client.send("status", text);
  const bool is_first = clients_.empty();  // then all have been told now
  if (is_round || is_first) {
    std::string signature = status_signature(document);
    const int64_t now_us = context_.clock.monotonic_us();
    if (is_first || signature != last_signature_ || now_us - last_status_us_ >= silence_max_us) {
      last_signature_ = std::move(signature);
      last_status_us_ = now_us;
      tell_all("status", text);
    }
  }
  clients_.insert(clients_.end(), fresh.begin(), fresh.end());
  Lock lock(mutex_);
  clients_count_ = clients_.size();
}

void Updates::tell_builds() {
  if (!context_.backend.is_ready()) return;
  const auto runs = context_.backend.catalog().builds(builds_watched);
  if (!runs) return;
  std::map<std::string, std::string> states;
  for (auto run = runs->rbegin(); run != runs->rend(); ++run) {  // in the order in which they began
    const std::string state(catalog::to_string(run->state));
    states[run->start.id] = state;
    const auto known = build_states_.find(run->start.id);
    if (!has_build_states_ || (known != build_states_.end() && known->second == state)) continue;
    tell_all("builds", to_text(build_record(*run)));
    if (run->end) context_.metrics->count_build(state);
  }
  build_states_ = std::move(states);
  has_build_states_ = true;
}

void Updates::tell_all(std::string_view event, const std::string& data) {
  for (http::EventStream& client : clients_) client.send(event, data);
}

}  // namespace anabranch::front::http_api
