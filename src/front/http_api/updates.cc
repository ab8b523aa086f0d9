#include "front/http_api/updates.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <ranges>
#include <set>

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
  routes.add_always("GET", "/v1/updates", Lane::io, [this](http::Request request, http::Responder responder) {
    add(context_.caller_of(request), responder);
  });
}

void Updates::add(security::Caller caller, const http::Responder& responder) {
  Lock lock(mutex_);
  if (clients_count_ + new_clients_.size() >= clients_max) {
    return responder.answer(
        http::overloaded(fmt::format("{} clients listen to updates already", clients_max)));
  }
  http::EventStream client = responder.events();
  if (is_stopping_) return client.close();
  new_clients_.push_back({std::move(caller), std::move(client)});
  wake_.notify_all();
}

std::vector<Updates::Client> Updates::take_new() {
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
        std::erase_if(clients_, [](const Client& client) { return !client.stream.is_open(); });
        Lock lock(mutex_);
        clients_count_ = clients_.size();
      }
      if (!fresh.empty() || (is_round && !clients_.empty())) tell_status(fresh, is_round);
    } catch (const std::exception& error) {
      spdlog::error("updates failed: {}", error.what());
    }
  }
  for (Client& client : clients_) client.stream.close();
  for (Client& client : take_new()) client.stream.close();
}

// A new client gets the status at once; the others when it changed, and from time to time. Those of one
// caller are told the same.
void Updates::tell_status(std::vector<Client>& fresh, bool is_round) {
  std::set<security::Caller> callers;
  for (const auto* clients : {&clients_, &fresh}) {
    for (const Client& client : *clients) callers.insert(client.caller);
  }
  std::erase_if(told_, [&](const auto& told) { return !callers.contains(told.first); });
  for (const security::Caller& caller : callers) {
    const auto tell = [&](std::vector<Client>& clients, const std::string& text) {
      for (Client& client : clients) {
        if (client.caller == caller) client.stream.send("status", text);
      }
    };
    const bool is_first = !told_.contains(caller);  // then all of this caller are told now
    const bool has_fresh = std::ranges::find(fresh, caller, &Client::caller) != fresh.end();
    if (!has_fresh && !is_round) continue;
    const Json document = status_document(context_, caller);
    const std::string text = to_text(document);
    tell(fresh, text);
    if (!is_round && !is_first) continue;
    std::string signature = status_signature(document);
    Told& told = told_[caller];
    const int64_t now_us = context_.clock.monotonic_us();
    if (is_first || signature != told.signature || now_us - told.status_us >= silence_max_us) {
      told = {std::move(signature), now_us};
      tell(clients_, text);
    }
  }
  clients_.insert(clients_.end(), std::make_move_iterator(fresh.begin()),
                  std::make_move_iterator(fresh.end()));
  Lock lock(mutex_);
  clients_count_ = clients_.size();
}

// What a caller is told of a build is asked for anew, as that caller.
void Updates::tell_builds() {
  if (!context_.ports.is_ready()) return;
  std::map<security::Caller, std::vector<Client*>> listeners;
  for (Client& client : clients_) listeners[client.caller].push_back(&client);
  const auto states = context_.ports.builds().states(builds_watched);
  if (!states) return;
  std::map<std::string, std::string> now;
  std::vector<std::string> changed;  // in the order in which they began
  for (const auto& [id, state] : std::views::reverse(*states)) {
    now[id] = catalog::to_string(state);
    const auto known = build_states_.find(id);
    if (!has_build_states_ || (known != build_states_.end() && known->second == now[id])) continue;
    changed.push_back(id);
    if (state != catalog::BuildState::running) context_.metrics->count_build(now[id]);
  }
  build_states_ = std::move(now);
  has_build_states_ = true;
  if (changed.empty()) return;
  for (const auto& [caller, clients] : listeners) {
    const auto runs = context_.ports.builds().builds(caller, builds_watched);
    if (!runs) continue;
    for (const std::string& id : changed) {
      const auto run = std::ranges::find(*runs, id, [](const auto& one) { return one.start.id; });
      if (run == runs->end()) continue;
      const std::string text = to_text(build_record(*run));
      for (Client* client : clients) client->stream.send("builds", text);
    }
  }
}

}  // namespace anabranch::front::http_api
