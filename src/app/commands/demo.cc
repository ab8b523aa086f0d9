// The main job on real input: eleven months of flights as history, December arriving live through the HTTP
// endpoint, the batch layer taking over in the middle, and every view compared with a recompute at the end.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "app/commands/commands.h"
#include "app/load_project.h"
#include "app/server.h"
#include "app/server_link.h"
#include "app/terminal.h"
#include "http/problem.h"
#include "io/process.h"
#include "sql/database.h"
#include "sql/parquet_file.h"

namespace anabranch::app {

using nlohmann::json;

namespace {

int64_t monotonic_us() { return io::system_clock().monotonic_us(); }

int64_t percentile(std::vector<int64_t> times, double part) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[std::min(times.size() - 1, static_cast<size_t>(part * static_cast<double>(times.size())))];
}

/// Flights out of the example's Parquet file, history and live part.
struct Flights {
  std::string history_file;
  std::vector<std::string> live;  // one JSON object a line each
  int64_t history_rows = 0;
};

Result<Flights> split_flights(const io::Path& folder) {
  Flights flights;
  const auto database = TRY(sql::Database::open({}));
  auto session = TRY(database->connect());
  const std::string source =
      sql::read_files("read_parquet", {(folder / "data" / "flights.parquet").string()});
  flights.history_file = (folder / ".anabranch" / "history.parquet").string();
  TRY(io::local_file_system().create_folders(folder / ".anabranch"));
  flights.history_rows = TRY(sql::write_parquet(
      session, fmt::format("SELECT * FROM {} WHERE month < 12", source), flights.history_file));
  const auto live = TRY(session.query(fmt::format(
      "SELECT to_json(f)::VARCHAR FROM (SELECT * REPLACE (strftime(time_hour, '%Y-%m-%dT%H:%M:%SZ') AS "
      "time_hour) FROM {} WHERE month = 12 ORDER BY day, sched_dep_time) f",
      source)));
  for (size_t i = 0; i < live.row_count(); ++i) flights.live.push_back(live.text(i, 0).value_or(""));
  return flights;
}

/// Sends the live flights at a rate and measures how long after each acknowledgement a read shows the events.
class Replay {
 public:
  Replay(const std::vector<std::string>& events, double events_per_s, std::string host, uint16_t port)
      : events_(events), events_per_s_(events_per_s), host_(std::move(host)), port_(port) {}

  Status run() {
    auto client = TRY(http::Client::connect(host_, port_));
    http::Headers headers;
    headers.add("content-type", "application/x-ndjson");
    started_us_ = monotonic_us();
    std::thread reader([this] { read_along(); });
    Status done;
    // A twentieth of a second's worth in each request, or 2,000 events when there is no limit.
    const size_t step =
        events_per_s_ > 0 ? std::max<size_t>(1, static_cast<size_t>(events_per_s_ / 20)) : 2000;
    for (size_t at = 0; at < events_.size() && done; at += step) {
      std::string body;
      const size_t end = std::min(events_.size(), at + step);
      for (size_t i = at; i < end; ++i) body += events_[i] + "\n";
      if (events_per_s_ > 0)
        wait_until(started_us_ + static_cast<int64_t>(static_cast<double>(at) / events_per_s_ * 1e6));
      auto response = client.request("POST", "/v1/streams/flights/events", headers, body);
      const int64_t acknowledged_us = monotonic_us();
      if (!response) {
        done = fail(std::move(response).error());
      } else if (response->status == 429) {
        at -= step;  // asked to wait: the same events again
        wait_until(monotonic_us() + 200'000);
      } else if (response->status != 200) {
        done = fail(Code::io, "the server answered " + response->body);
      } else {
        const auto answer = json::parse(response->body, nullptr, false);
        std::lock_guard lock(mutex_);
        sent_ = end;
        quarantined_ += answer.value("quarantined", int64_t{0});
        if (!answer["ranges"].empty())
          last_acknowledged_ = {answer["ranges"].back()["last_offset"].get<int64_t>(), acknowledged_us};
        changed_.notify_all();
      }
    }
    ended_us_ = monotonic_us();
    {
      std::lock_guard lock(mutex_);
      is_done_ = true;
      changed_.notify_all();
    }
    reader.join();
    return done;
  }

  size_t sent() {
    std::lock_guard lock(mutex_);
    return sent_;
  }
  int64_t elapsed_us() const { return ended_us_ - started_us_; }
  const std::vector<int64_t>& freshness_us() const { return freshness_us_; }
  int64_t quarantined() const { return quarantined_; }

 private:
  struct Acknowledged {
    int64_t offset = -1;
    int64_t at_us = 0;
  };

  void wait_until(int64_t time_us) {
    std::unique_lock lock(mutex_);
    while (monotonic_us() < time_us)
      changed_.wait_for(lock, std::chrono::microseconds(time_us - monotonic_us()));
  }

  // Freshness: from the acknowledgement of an event to the first read that shows it, on the client's clock.
  void read_along() {
    auto client = http::Client::connect(host_, port_);
    if (!client) return;
    http::Headers headers;
    headers.add("content-type", "application/json");
    int64_t seen = -1;
    while (true) {
      Acknowledged wanted;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_done_ || last_acknowledged_.offset > seen; });
        if (last_acknowledged_.offset <= seen) return;
        wanted = last_acknowledged_;
      }
      const json query = {{"sql", "SELECT * FROM gold.delay_by_carrier WHERE carrier = 'UA'"},
                          {"min_offset", {{"flights", wanted.offset}}}};
      const auto response = client->request("POST", "/v1/query", headers, query.dump());
      if (!response || response->status != 200) return;
      seen = wanted.offset;
      freshness_us_.push_back(monotonic_us() - wanted.at_us);
    }
  }

  const std::vector<std::string>& events_;
  const double events_per_s_;
  const std::string host_;
  const uint16_t port_;
  int64_t started_us_ = 0;
  int64_t ended_us_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  Acknowledged last_acknowledged_;
  size_t sent_ = 0;
  bool is_done_ = false;
  int64_t quarantined_ = 0;
  std::vector<int64_t> freshness_us_;  // the reader's until it ends
};

class Demo {
 public:
  Demo(const CommonOptions& common, const DemoOptions& options)
      : common_(common), options_(options), folder_(std::filesystem::absolute(options.folder)) {}

  Result<bool> run() {
    double events_per_s = 0;
    if (options_.rate != "max") {
      char* end = nullptr;
      events_per_s = std::strtod(options_.rate.c_str(), &end);
      if (*end != '\0' || !(events_per_s > 0))
        return fail(Code::bad_input, fmt::format("'{}' is not a rate", options_.rate),
                    "give events a second, or max");
    }
    TRY(prepare());
    title("History");
    Flights flights = TRY(split_flights(folder_));
    Server::Options of_server;
    of_server.port = static_cast<uint16_t>(options_.port);
    of_server.builds_by_itself = true;
    auto project = TRY(load_project(folder_, "", Printed::all));
    {
      Platform::Options to_copy;
      to_copy.owner = "the demo copies its tables";
      auto platform = TRY(Platform::open(project, to_copy));
      int64_t rows = 0;
      const auto tables = TRY(platform->copy({}));
      for (const auto& table : tables) rows += table.rows.value_or(0);
      say(fmt::format("{} tables copied, {} rows", tables.size(), with_separators(rows)));
    }
    server_ = TRY(Server::start(std::move(project), of_server));
    client_ = TRY(http::Client::connect(server_->host(), server_->port()));
    say(fmt::format("the page is at {}", server_->url()));
    const int64_t ingest_started_us = monotonic_us();
    const auto taken = TRY(post("/v1/streams/flights/files", {{"path", flights.history_file}}));
    say(fmt::format("{} flights of January to November taken in as one log record ({})",
                    with_separators(taken.value("accepted", int64_t{0})),
                    duration_text(monotonic_us() - ingest_started_us)));
    TRY(server_->platform().speed().wait_for({{"flights", {flights.history_rows}}}, 120'000'000));
    TRY(build("history"));
    TRY(show_answers());

    title(fmt::format(
        "December, live through HTTP at {}",
        events_per_s > 0 ? with_separators(static_cast<int64_t>(events_per_s)) + " events/s" : "full speed"));
    TRY(replay(flights, events_per_s));

    title("Verify");
    const bool is_equal = TRY(verify_all());
    summarise(flights);
    return is_equal;
  }

  void stay() {
    fmt::print("\nThe server and the page stay up on {} (Ctrl-C stops them)\n", server_->url());
    std::fflush(stdout);
    wait_for_signal([] { spdlog::warn("SIGHUP changes nothing: the demo's project is its own"); });
  }
  void stop() {
    if (server_) server_->stop();
  }

 private:
  Status prepare() {
    auto& files = io::local_file_system();
    if (!TRY(files.exists(folder_ / "anabranch.yml"))) {
      TRY(write_example_project("flights", folder_));
    } else if (!TRY(files.exists(folder_ / "data" / "flights.parquet"))) {
      return fail(Code::bad_input, fmt::format("{} holds another project", folder_.string()),
                  "name a new folder with --dir");
    }
    // The demo begins at the beginning; nobody's data is in its folder.
    if (const auto address = read_server_address(folder_ / ".anabranch")) {
      if (http::Client::connect(address->host, address->port)) {
        return fail(Code::conflict, fmt::format("a demo is running on port {}", address->port),
                    "stop it first, or name another folder with --dir and a port with --port");
      }
    }
    return files.remove_all(folder_ / ".anabranch");
  }

  void title(const std::string& text) const {
    if (!common_.is_json) fmt::print("\n{}\n", colored("── " + text + " ──", Color::bold));
    std::fflush(stdout);
  }
  void say(const std::string& text) const {
    if (!common_.is_json) fmt::print("{}\n", text);
    std::fflush(stdout);
  }

  Result<json> post(const std::string& target, const json& body) {
    http::Headers headers;
    headers.add("content-type", "application/json");
    const auto response = TRY(client_->request("POST", target, headers, body.dump()));
    if (response.status >= 400) return fail(http::error_of_problem(response.status, response.body));
    return json::parse(response.body, nullptr, false);
  }

  Status build(const std::string& what) {
    const int64_t started_us = monotonic_us();
    TRY(server_->platform().build({}, what));
    const int64_t elapsed_us = monotonic_us() - started_us;
    std::lock_guard lock(mutex_);
    build_times_us_.push_back(elapsed_us);
    return {};
  }

  Status show_answers() {
    const auto answer =
        TRY(post("/v1/query", {{"sql",
                                "SELECT name, flights, round(mean_delay, 2) AS mean_delay FROM "
                                "gold.delay_by_carrier ORDER BY flights DESC LIMIT 3"}}));
    std::string line;
    for (const auto& row : answer["rows"]) {
      line += fmt::format("{}{} {} flights, {} min", line.empty() ? "" : " · ",
                          row[0].is_string() ? row[0].get<std::string>() : row[0].dump(),
                          with_separators(row[1]), row[2].dump());
    }
    say(fmt::format("at offset {:>9}  {}", with_separators(answer["offsets"]["flights"][0]), line));
    return {};
  }

  Status replay(const Flights& flights, double events_per_s) {
    Replay replay(flights.live, events_per_s, server_->host(), server_->port());
    Status replayed;
    std::thread sender([&] { replayed = replay.run(); });
    std::thread builder;
    Status built;
    std::atomic<bool> is_building = false;
    std::atomic<bool> is_over = false;
    int64_t next_line_us = 0;
    bool has_begun_build = false;
    Status shown;
    // Queries of every kind, side by side with the events, as a dashboard would ask.
    static const char* const queries[] = {"SELECT * FROM gold.delay_by_carrier",
                                          "SELECT * FROM gold.daily_traffic WHERE origin = 'JFK'",
                                          "SELECT * FROM gold.worst_routes", "SELECT * FROM gold.busiest_day",
                                          "SELECT * FROM gold.delay_quantiles"};
    size_t turn = 0;
    while (!is_over && shown) {
      const size_t sent = replay.sent();
      if (!has_begun_build && sent >= flights.live.size() / 2) {
        has_begun_build = true;
        is_building = true;
        say(colored("            the batch layer takes over: a build of everything so far", Color::blue));
        builder = std::thread([&] {
          built = build("in the middle of December");
          is_building = false;
        });
      }
      const int64_t started_us = monotonic_us();
      shown = [&]() -> Status {
        TRY(post("/v1/query", {{"sql", queries[turn++ % std::size(queries)]}}));
        return {};
      }();
      query_times_us_.push_back(monotonic_us() - started_us);
      if (shown && monotonic_us() >= next_line_us) {
        shown = show_answers();
        next_line_us = monotonic_us() + 1'000'000;
      }
      is_over = sent >= flights.live.size();
    }
    sender.join();
    if (builder.joinable()) builder.join();
    TRY(std::move(shown));
    TRY(std::move(replayed));
    TRY(std::move(built));
    if (!has_begun_build) TRY(build("in the middle of December"));
    say(colored(fmt::format("            the build took {}", duration_text(build_times_us_.back())),
                Color::blue));
    TRY(server_->platform().speed().wait_for(
        {{"flights", {server_->platform().stream("flights")->log().durable_offsets()[0]}}}, 60'000'000));
    TRY(show_answers());
    replay_us_ = replay.elapsed_us();
    freshness_us_ = replay.freshness_us();
    quarantined_ = replay.quarantined();
    return {};
  }

  Result<bool> verify_all() {
    bool is_equal = true;
    const auto world = server_->platform().speed().epochs().newest()->world;
    quality::Verifier::Request all;
    for (const auto& plan : world->plans) {
      if (!plan.is_hidden) all.views.push_back(plan.view);
    }
    for (const auto& verdict : TRY(server_->platform().verify(all))) {
      const bool is_right = verdict.outcome == quality::Verdict::Outcome::equal;
      is_equal = is_equal && is_right;
      rows_verified_ += verdict.rows;
      ++views_verified_;
      say(fmt::format("{}  {:<30} {:>9} rows  {}",
                      colored(is_right ? "equal    " : "DIFFERENT", is_right ? Color::green : Color::red),
                      verdict.view, with_separators(verdict.rows), duration_text(verdict.elapsed_us)));
      for (const auto& difference : verdict.differences) {
        for (size_t i = 0; i < difference.columns.size(); ++i) {
          const auto text = [&](const auto& side) {
            return side ? (*side)[i].value_or("NULL") : std::string("(no such row)");
          };
          say(fmt::format("    {}: recomputed {}, read {}", difference.columns[i], text(difference.expected),
                          text(difference.actual)));
        }
      }
    }
    return is_equal;
  }

  void summarise(const Flights& flights) const {
    const auto live = static_cast<int64_t>(flights.live.size());
    const double per_s =
        replay_us_ > 0 ? static_cast<double>(live) / (static_cast<double>(replay_us_) / 1e6) : 0;
    if (common_.is_json) {
      fmt::print("{}\n", json{{"events", flights.history_rows + live},
                              {"live_events", live},
                              {"quarantined", quarantined_},
                              {"events_per_s", per_s},
                              {"freshness_ms",
                               {{"p50", static_cast<double>(percentile(freshness_us_, 0.5)) / 1e3},
                                {"p99", static_cast<double>(percentile(freshness_us_, 0.99)) / 1e3}}},
                              {"query_ms",
                               {{"p50", static_cast<double>(percentile(query_times_us_, 0.5)) / 1e3},
                                {"p99", static_cast<double>(percentile(query_times_us_, 0.99)) / 1e3}}},
                              {"build_ms", static_cast<double>(build_times_us_.back()) / 1e3},
                              {"views_verified", views_verified_},
                              {"rows_verified", rows_verified_},
                              {"memory_bytes", io::own_memory_bytes()}}
                             .dump());
      return;
    }
    title("Summary");
    const std::vector<std::vector<std::string>> rows = {
        {"events",
         fmt::format("{} history + {} live", with_separators(flights.history_rows), with_separators(live))},
        {"live rate", fmt::format("{} events/s", with_separators(static_cast<int64_t>(per_s)))},
        {"freshness", fmt::format("p50 {}, p99 {}", duration_text(percentile(freshness_us_, 0.5)),
                                  duration_text(percentile(freshness_us_, 0.99)))},
        {"query", fmt::format("p50 {}, p99 {}", duration_text(percentile(query_times_us_, 0.5)),
                              duration_text(percentile(query_times_us_, 0.99)))},
        {"build", fmt::format("{} of {} events", duration_text(build_times_us_.back()),
                              with_separators(flights.history_rows + live / 2))},
        {"verified", fmt::format("{} rows of {} views", with_separators(rows_verified_), views_verified_)},
        {"memory", bytes_text(io::own_memory_bytes())},
    };
    for (const auto& row : rows) fmt::print("{:<12}{}\n", row[0], row[1]);
  }

  const CommonOptions& common_;
  const DemoOptions& options_;
  const io::Path folder_;
  std::unique_ptr<Server> server_;
  std::optional<http::Client> client_;
  std::mutex mutex_;
  std::vector<int64_t> build_times_us_;
  std::vector<int64_t> query_times_us_;
  std::vector<int64_t> freshness_us_;
  int64_t replay_us_ = 0;
  int64_t quarantined_ = 0;
  int64_t rows_verified_ = 0;
  int views_verified_ = 0;
};

}  // namespace

int run_demo(const CommonOptions& common, const DemoOptions& options) {
  block_signals();
  Demo demo(common, options);
  const auto is_equal = demo.run();
  if (!is_equal) {
    demo.stop();
    return fail_command(common, is_equal.error());
  }
  if (!options.is_once) demo.stay();
  demo.stop();
  return *is_equal ? 0 : 1;
}

}  // namespace anabranch::app
