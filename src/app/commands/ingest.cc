#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.h"
#include "app/server_link.h"
#include "app/terminal.h"
#include "base/hash.h"
#include "ingest/csv_text.h"
#include "ingest/excerpt.h"
#include "ingest/json_text.h"
#include "ingest/text_file.h"
#include "io/file_copy.h"
#include "io/random.h"

namespace anabranch::app {
namespace {

constexpr size_t batch_bytes = 4 << 20;
// A longer record is no event anywhere; what looks like one has lost a quote or its line ends.
constexpr size_t record_bytes_max = 32 << 20;

struct Format {
  std::string name;
  std::string media_type;
};

Result<Format> format_of(const IngestOptions& options) {
  std::string name = options.format;
  bool is_packed = false;
  if (name.empty() && options.file == "-") name = "ndjson";
  if (name.empty()) {
    io::Path file = ingest::folded(options.file);
    if (file.extension() == ".gz") {
      is_packed = true;
      file = file.stem();
    }
    name = file.extension().string();
    if (!name.empty()) name.erase(0, 1);
  }
  if (name == "parquet" && !is_packed) return Format{"parquet", ""};
  if (name == "ndjson" || name == "jsonl") return Format{"ndjson", "application/x-ndjson"};
  if (name == "json") return Format{"json", "application/json"};
  if (name == "csv") return Format{"csv", "text/csv"};
  if (name == "tsv" || name == "tab") return Format{"tsv", "text/tab-separated-values"};
  return fail(
      Code::bad_input,
      fmt::format("what is in {} cannot be told from its name", io::Path(options.file).filename().string()),
      "known are .ndjson, .jsonl, .json, .csv, .tsv, each also with .gz, and .parquet; or say --format");
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

// How many bytes of a text are whole records.
size_t whole_records(std::string_view text, const Format& format) {
  if (format.name == "ndjson") return text.rfind('\n') + 1;  // npos + 1 is 0
  ingest::CsvRecords records(text, format.name == "tsv" ? '\t' : ',');
  size_t whole = 0;
  for (std::string_view record; records.next(record);) {
    const size_t end = text.size() - records.rest().size();
    // The last one may go on in what comes, unless its line has ended.
    const auto record_end = static_cast<size_t>(record.data() + record.size() - text.data());
    if (text[end - 1] == '\n' && record_end < end) whole = end;
  }
  return whole;
}

// Takes the next whole records from the file, about batch_bytes; nothing at its end. `rest` is what was read
// too far.
Result<std::string> next_records(ingest::TextFile& file, const Format& format, std::string& rest) {
  std::string text = std::exchange(rest, {});
  while (TRY(file.more(text))) {
    if (text.size() < batch_bytes) continue;
    const size_t whole = whole_records(text, format);
    if (whole == 0 && text.size() > record_bytes_max) {
      return fail(Code::bad_input,
                  fmt::format("a record has more than {} bytes; it begins {:?}", record_bytes_max,
                              text.substr(0, 60)),
                  "is the format right, and is every quote closed?");
    }
    if (whole == 0) continue;
    rest = text.substr(whole);
    text.resize(whole);
    break;
  }
  return text;
}

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
  const Format format = TRY(format_of(options));
  if (format.name == "parquet") return ingest_parquet(producer, options, totals);
  const bool is_standard_input = options.file == "-";
  const auto file =
      TRY(ingest::TextFile::open({options.file, is_standard_input ? "standard input" : options.file}));
  if (format.name == "json") {  // one value: it cannot be cut
    std::string body;
    while (TRY(file->more(body))) {
    }
    return producer.send("/events", format.media_type, body, totals);
  }
  Progress progress("ingesting");
  const Result<io::FileStamp> stamp = is_standard_input ? io::FileStamp() : io::stamp_of(options.file);
  const double total = stamp ? static_cast<double>(stamp->bytes) : 0;
  std::string rest;
  std::string header;
  while (true) {
    std::string records = TRY(next_records(*file, format, rest));
    if (records.empty()) break;
    // Empty lines alone use no number, here and in the next run.
    if (format.name == "ndjson" && records.find_first_not_of(" \t\r\n") == std::string::npos) continue;
    if (format.name != "ndjson") {
      if (header.empty()) {
        ingest::CsvRecords first(records, format.name == "tsv" ? '\t' : ',');
        std::string_view names;
        first.next(names);
        header = std::string(names) + "\n";
      } else {
        records.insert(0, header);
      }
    }
    TRY(producer.send("/events", format.media_type, records, totals));
    if (total > 0)
      progress.show(static_cast<double>(file->position()) / total,
                    with_separators(totals.accepted) + " events");
  }
  if (total > 0) progress.done(with_separators(totals.accepted) + " events");
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
