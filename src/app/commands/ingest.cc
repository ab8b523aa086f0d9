#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"
#include "base/hash.h"
#include "ingest/event_file.h"
#include "io/file_copy.h"
#include "io/random.h"

namespace anabranch::app {
namespace {

const char* media_type_of(ingest::BodyFormat format) {
  switch (format) {
    case ingest::BodyFormat::json:
      return "application/json";
    case ingest::BodyFormat::csv:
      return "text/csv";
    case ingest::BodyFormat::tsv:
      return "text/tab-separated-values";
    default:
      return "application/x-ndjson";
  }
}

struct Totals {
  int64_t accepted = 0;
  int64_t quarantined = 0;
  nlohmann::json ranges = nlohmann::json::array();

  void add(const nlohmann::json& answer) {
    accepted += answer.value("accepted", int64_t{0});
    quarantined += answer.value("quarantined", int64_t{0});
    for (const auto& range : answer.value("ranges", nlohmann::json::array())) {
      const bool continues =
          !ranges.empty() && ranges.back()["partition"] == range["partition"] &&
          ranges.back()["last_offset"].get<int64_t>() + 1 == range["first_offset"].get<int64_t>();
      if (continues) {
        ranges.back()["last_offset"] = range["last_offset"];
      } else {
        ranges.push_back(range);
      }
    }
  }
};

// A file sends its parts as one producer, so that a run that was interrupted goes on in the next one: the
// same file gives the same parts under the same numbers.
class Producer {
 public:
  static Result<Producer> open(ServerLink& connection, const IngestOptions& options) {
    Producer producer(connection, options.stream);
    if (options.file == "-") return producer;  // nobody can read that again
    const io::Path path = std::filesystem::absolute(options.file).lexically_normal();
    const auto stamp = io::stamp_of(path);
    if (!stamp) return fail(Code::bad_input, stamp.error().message, "check the name and who may read it");
    const std::string again = options.is_again ? fmt::format("{:016x}", io::random_u64()) : "";
    producer.id_ =
        fmt::format("file-{:016x}", fnv1a(fmt::format("{}\n{}\n{}\n{}\n{}", path.string(), stamp->bytes,
                                                      stamp->changed_at, options.format, again)));
    const std::string known = TRY(
        connection.get(fmt::format("/v1/streams/{}/producers/{}", url_part(options.stream), producer.id_)));
    producer.taken_before_ = nlohmann::json::parse(known).at("next_sequence").get<uint64_t>();
    return producer;
  }

  /// Parts that an earlier run took in: send() passes over them.
  uint64_t taken_before() const { return taken_before_; }

  Status send(const std::string& route, const std::string& type, std::string_view body, Totals& totals) {
    const uint64_t number = next_++;
    if (number < taken_before_) return {};
    http::Headers headers;
    if (!id_.empty()) {
      headers.add("X-Producer-Id", id_);
      headers.add("X-Sequence", fmt::to_string(number));
    }
    const std::string answer =
        TRY(connection_.post_bytes("/v1/streams/" + url_part(stream_) + route, type, body, headers));
    const auto taken = nlohmann::json::parse(answer, nullptr, false);
    // What holds no event uses no number.
    if (taken.value("accepted", int64_t{0}) + taken.value("quarantined", int64_t{0}) == 0) --next_;
    totals.add(taken);
    return {};
  }

 private:
  Producer(ServerLink& connection, std::string stream)
      : connection_(connection), stream_(std::move(stream)) {}

  ServerLink& connection_;
  std::string stream_;
  std::string id_;  // empty: none
  uint64_t taken_before_ = 0;
  uint64_t next_ = 0;
};

Status ingest_parquet(Producer& producer, const IngestOptions& options, Totals& totals) {
  if (options.file == "-")
    return fail(Code::bad_input, "Parquet cannot be read from standard input", "give the file's name");
  const std::string path = std::filesystem::absolute(options.file).string();
  return producer.send("/files", "application/json", nlohmann::json{{"path", path}}.dump(), totals);
}

Status ingest(Producer& producer, const IngestOptions& options, Totals& totals) {
  const bool is_standard_input = options.file == "-";
  const std::string said = is_standard_input && options.format.empty() ? "ndjson" : options.format;
  const auto format = TRY(ingest::event_file_format(said, options.file, "--format"));
  if (format.is_parquet) return ingest_parquet(producer, options, totals);
  // The server says what is too large for it.
  const auto file = TRY(ingest::EventFile::open(
      {options.file, is_standard_input ? "standard input" : options.file}, format.body, SIZE_MAX));
  Progress progress("ingesting");
  const Result<io::FileStamp> stamp = is_standard_input ? io::FileStamp() : io::stamp_of(options.file);
  const bool is_shown = stamp && stamp->bytes > 0 && format.body != ingest::BodyFormat::json;
  std::string part;
  while (TRY(file->next(part))) {
    TRY(producer.send("/events", media_type_of(format.body), part, totals));
    if (is_shown)
      progress.show(static_cast<double>(file->position()) / static_cast<double>(stamp->bytes),
                    with_separators(totals.accepted) + " events");
  }
  if (is_shown) progress.done(with_separators(totals.accepted) + " events");
  return {};
}

}  // namespace

int run_ingest(const CommonOptions& common, const IngestOptions& options) {
  const auto root = project_root(common);
  if (!root) return fail_command(common, root.error());
  auto connection = ServerLink::open(*root, common.target);
  if (!connection) return fail_command(common, connection.error());
  Totals totals;
  auto producer = Producer::open(**connection, options);
  if (!producer) return fail_command(common, producer.error());
  const Status done = ingest(*producer, options, totals);
  if (!done) {
    if (totals.accepted > 0) {
      fmt::print(stderr, "{} events were taken in before that{}\n", with_separators(totals.accepted),
                 options.file == "-" ? "" : "; the same command goes on behind them");
    }
    return fail_command(common, done.error());
  }
  const int exit_code = totals.accepted == 0 && totals.quarantined > 0 ? 1 : 0;
  if (common.is_json) {
    fmt::print("{}\n", nlohmann::json{{"stream", options.stream},
                                      {"accepted", totals.accepted},
                                      {"quarantined", totals.quarantined},
                                      {"ranges", totals.ranges},
                                      {"parts_taken_before", producer->taken_before()}}
                           .dump());
    return exit_code;
  }
  if (producer->taken_before() > 0) {
    fmt::print("{} {} part{} of the file came in with an earlier run (--again takes them in once more)\n",
               colored("passed over", Color::yellow),
               with_separators(static_cast<int64_t>(producer->taken_before())),
               producer->taken_before() == 1 ? "" : "s");
  }
  fmt::print("{} {} events", colored("accepted", Color::green), with_separators(totals.accepted));
  if (totals.ranges.size() == 1) {
    fmt::print(", offsets {} to {}", with_separators(totals.ranges[0]["first_offset"]),
               with_separators(totals.ranges[0]["last_offset"]));
  }
  fmt::print("\n");
  if (totals.quarantined > 0) {
    fmt::print("{} {} (see /quarantine on the page, or GET /v1/quarantine)\n",
               colored("quarantined", Color::yellow), with_separators(totals.quarantined));
  }
  return exit_code;
}

}  // namespace anabranch::app
