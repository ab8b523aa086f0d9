// Sends events to a running server and measures from the client's side. Bodies are made before the clock
// starts, so that little of the machine goes to the client. Prints one JSON object.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "http/client.h"
#include "io/clock.h"

namespace {

using namespace anabranch;
using nlohmann::json;

struct Options {
  uint16_t port = 0;
  std::string stream = "flights";
  std::string events_file;  // NDJSON
  size_t events_per_request = 1000;
  double events_per_s = 0;  // 0: as fast as the server takes them
  double seconds = 0;       // 0: each event once; else the file is sent again and again for so long
  int connections = 1;
  std::string probe;  // a query; with it freshness is measured
  std::vector<std::string>
      reads;  // queries that are asked one after the other for as long as events are sent
  double read_pause_ms = 0;
  size_t answers_needed = 0;  // without events: ask each read so many times
};

int64_t now_us() { return io::system_clock().monotonic_us(); }

void sleep_until_us(int64_t time_us) {
  const int64_t left_us = time_us - now_us();
  if (left_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(left_us));
}

json summary_of(std::vector<int64_t> times_us) {
  if (times_us.empty()) return nullptr;
  std::sort(times_us.begin(), times_us.end());
  const auto at = [&](double part) {
    const auto index = static_cast<size_t>(part * static_cast<double>(times_us.size()));
    return static_cast<double>(times_us[std::min(times_us.size() - 1, index)]) / 1000.0;
  };
  return {{"samples", times_us.size()},
          {"p50_ms", at(0.5)},
          {"p90_ms", at(0.9)},
          {"p99_ms", at(0.99)},
          {"max_ms", at(1)}};
}

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "load: {}\n", why);
  std::exit(1);
}

http::Client connect(const Options& options) {
  auto client = http::Client::connect("127.0.0.1", options.port);
  if (!client) give_up(client.error().describe());
  return std::move(*client);
}

struct Body {
  std::string text;
  size_t events = 0;
};

std::vector<Body> read_bodies(const Options& options) {
  std::ifstream file(options.events_file, std::ios::binary);
  if (!file) give_up("cannot read " + options.events_file);
  std::vector<Body> bodies;
  std::string line;
  while (std::getline(file, line)) {
    if (bodies.empty() || bodies.back().events == options.events_per_request) bodies.emplace_back();
    bodies.back().text += line;
    bodies.back().text += '\n';
    ++bodies.back().events;
  }
  if (bodies.empty()) give_up(options.events_file + " is empty");
  return bodies;
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options) {
    if (!options.events_file.empty()) bodies_ = read_bodies(options);
  }

  json run() {
    json out;
    std::vector<std::thread> readers;
    read_times_us_.resize(options_.reads.size());
    if (!options_.probe.empty()) readers.emplace_back([this] { probe(); });
    if (!options_.reads.empty()) readers.emplace_back([this] { read(); });
    if (!bodies_.empty()) {
      started_us_ = now_us();
      std::vector<std::thread> senders;
      for (int i = 0; i < options_.connections; ++i) senders.emplace_back([this] { send(); });
      for (auto& sender : senders) sender.join();
      const int64_t sent_us = now_us();
      {
        std::lock_guard lock(mutex_);
        is_done_ = true;
        changed_.notify_all();
      }
      for (auto& reader : readers) reader.join();
      readers.clear();
      wait_for_last();
      const int64_t shown_us = now_us();
      const auto events = static_cast<double>(events_sent_.load());
      out["events"] = events_sent_.load();
      out["bytes"] = bytes_sent_.load();
      out["seconds"] = static_cast<double>(sent_us - started_us_) / 1e6;
      out["events_per_s"] = events / (static_cast<double>(sent_us - started_us_) / 1e6);
      out["events_per_s_until_shown"] = events / (static_cast<double>(shown_us - started_us_) / 1e6);
      out["refused_429"] = refused_.load();
      out["late_ms_max"] = static_cast<double>(late_us_max_.load()) / 1000.0;
      out["acknowledgement"] = summary_of(ack_times_us_);
    }
    for (auto& reader : readers) reader.join();
    if (!options_.probe.empty()) out["freshness"] = summary_of(freshness_us_);
    for (size_t i = 0; i < options_.reads.size(); ++i) out["reads"].push_back(summary_of(read_times_us_[i]));
    return out;
  }

 private:
  bool is_over(size_t body) const {
    if (options_.seconds > 0) return now_us() - started_us_ > static_cast<int64_t>(options_.seconds * 1e6);
    return body >= bodies_.size();
  }

  void send() {
    auto client = connect(options_);
    http::Headers headers;
    headers.add("content-type", "application/x-ndjson");
    const std::string target = "/v1/streams/" + options_.stream + "/events";
    std::vector<int64_t> ack_times_us;
    while (true) {
      const size_t number = next_body_++;
      if (is_over(number)) break;
      const Body& body = bodies_[number % bodies_.size()];
      if (options_.events_per_s > 0) {
        const double due_s =
            static_cast<double>(number * options_.events_per_request) / options_.events_per_s;
        const int64_t due_us = started_us_ + static_cast<int64_t>(due_s * 1e6);
        sleep_until_us(due_us);
        if (is_over(number)) break;
        const int64_t late_us = now_us() - due_us;
        int64_t worst_us = late_us_max_.load();
        while (late_us > worst_us && !late_us_max_.compare_exchange_weak(worst_us, late_us)) {
        }
      }
      while (true) {
        const int64_t began_us = now_us();
        const auto response = client.request("POST", target, headers, body.text);
        const int64_t acknowledged_us = now_us();
        if (!response) give_up(response.error().describe());
        if (response->status == 429) {
          ++refused_;
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          continue;
        }
        if (response->status != 200) give_up("the server answered " + response->body);
        ack_times_us.push_back(acknowledged_us - began_us);
        note(*response, acknowledged_us);
        break;
      }
      events_sent_ += body.events;
      bytes_sent_ += body.text.size();
    }
    std::lock_guard lock(mutex_);
    ack_times_us_.insert(ack_times_us_.end(), ack_times_us.begin(), ack_times_us.end());
  }

  // The answer is flat and made by us: no need to parse it whole.
  void note(const http::ClientResponse& response, int64_t acknowledged_us) {
    constexpr std::string_view key = "\"last_offset\":";
    const size_t at = response.body.rfind(key);
    if (at == std::string::npos) return;
    const int64_t offset = std::atoll(response.body.c_str() + at + key.size());
    std::lock_guard lock(mutex_);
    if (offset <= last_offset_) return;
    last_offset_ = offset;
    last_acknowledged_us_ = acknowledged_us;
    changed_.notify_all();
  }

  std::string query_body(const std::string& sql, int64_t min_offset) const {
    json body = {{"sql", sql}};
    if (min_offset >= 0) body["min_offset"][options_.stream] = min_offset;
    return body.dump();
  }

  Result<http::ClientResponse> ask(http::Client& client, const std::string& body) {
    http::Headers headers;
    headers.add("content-type", "application/json");
    auto response = client.request("POST", "/v1/query", headers, body);
    while (response && response->status == 408) response = client.request("POST", "/v1/query", headers, body);
    if (response && response->status != 200) give_up("a query was answered with " + response->body);
    return response;
  }

  // Freshness: from the acknowledgement of an event to the answer of the first read that shows it.
  void probe() {
    auto client = connect(options_);
    int64_t seen = -1;
    while (true) {
      int64_t offset;
      int64_t acknowledged_us;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_done_ || last_offset_ > seen; });
        if (last_offset_ <= seen) return;
        offset = last_offset_;
        acknowledged_us = last_acknowledged_us_;
      }
      if (!ask(client, query_body(options_.probe, offset))) give_up("a probe was not answered");
      freshness_us_.push_back(now_us() - acknowledged_us);
      seen = offset;
    }
  }

  void read() {
    auto client = connect(options_);
    std::vector<std::string> bodies;
    for (const std::string& sql : options_.reads) bodies.push_back(query_body(sql, -1));
    const auto is_over = [&] {
      if (bodies_.empty()) return read_times_us_.back().size() >= options_.answers_needed;
      std::lock_guard lock(mutex_);
      return is_done_;
    };
    while (!is_over()) {
      for (size_t i = 0; i < bodies.size(); ++i) {
        const int64_t began_us = now_us();
        if (!ask(client, bodies[i])) give_up("a read was not answered");
        read_times_us_[i].push_back(now_us() - began_us);
        if (options_.read_pause_ms > 0)
          std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(options_.read_pause_ms));
      }
    }
  }

  void wait_for_last() {
    auto client = connect(options_);
    std::lock_guard lock(mutex_);
    if (last_offset_ >= 0)
      (void)ask(client, query_body("SELECT 1 FROM gold.delay_by_carrier LIMIT 1", last_offset_));
  }

  const Options& options_;
  std::vector<Body> bodies_;
  int64_t started_us_ = 0;
  std::atomic<size_t> next_body_ = 0;
  std::atomic<int64_t> events_sent_ = 0;
  std::atomic<int64_t> bytes_sent_ = 0;
  std::atomic<int64_t> refused_ = 0;
  std::atomic<int64_t> late_us_max_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t last_offset_ = -1;
  int64_t last_acknowledged_us_ = 0;
  bool is_done_ = false;
  std::vector<int64_t> ack_times_us_;
  std::vector<int64_t> freshness_us_;                // the prober's until it ends
  std::vector<std::vector<int64_t>> read_times_us_;  // the reader's until it ends
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Load for measurements"};
  app.add_option("--port", options.port)->required();
  app.add_option("--stream", options.stream);
  app.add_option("--events", options.events_file, "NDJSON");
  app.add_option("--batch", options.events_per_request, "events in a request");
  app.add_option("--rate", options.events_per_s, "events a second, 0: as fast as they are taken");
  app.add_option("--seconds", options.seconds, "send the file again and again for so long");
  app.add_option("--connections", options.connections);
  app.add_option("--probe", options.probe, "query to measure freshness with");
  app.add_option("--read", options.reads, "query to be asked all the time; may be given several times");
  app.add_option("--read-pause-ms", options.read_pause_ms);
  app.add_option("--answers", options.answers_needed, "without events: ask each read so many times");
  CLI11_PARSE(app, argc, argv);
  fmt::print("{}\n", Load(options).run().dump());
  return 0;
}
