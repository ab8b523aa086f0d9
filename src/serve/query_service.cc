#include "serve/query_service.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/mistake.h"
#include "io/random.h"
#include "lake/type_mapping.h"
#include "serve/merged_read.h"
#include "serve/plan_rules.h"
#include "serve/query_check.h"
#include "sql/parquet_file.h"
#include "sql/parser.h"
#include "sql/row_frames.h"
#include "views/exposed.h"
#include "views/row_order.h"

namespace anabranch::serve {
namespace {

// The engine names a file of ours that it cannot read: no mistake of the query's. `folder`: where answers are
// written, in serving/ of the data folder.
std::optional<Error> of_damaged_file(const Error& error, const io::Path& folder) {
  const std::string data = (folder.parent_path().parent_path() / "").string();
  const bool is_named = !folder.empty() && error.message.find(data) != std::string::npos;
  // Of its own databases the engine does not say which.
  const bool is_states = error.code == Code::io && error.message.starts_with("Corrupt database file");
  const bool may_be = error.code == Code::io || error.code == Code::bad_sql || error.code == Code::internal;
  if (!is_states && (!is_named || !may_be)) return std::nullopt;
  Error fault{Code::unavailable, error.message, "run anabranch build, or restore the file from a backup", {}};
  for (size_t at = 0; is_named && (at = fault.message.find(data, at)) != std::string::npos;)
    fault.message.erase(at, data.size());
  fault.message = (is_states ? "states of a build in serving/ are damaged: "
                             : "a file that the answer needs cannot be read: ") +
                  fault.message;
  return fault;
}

// The place is one in our text; the one in the user's is where it says the same words.
std::unexpected<Error> in_users_words(Error error, const std::string& text, const io::Path& folder) {
  if (auto fault = of_damaged_file(error, folder)) return fail(std::move(*fault));
  error.place = views::place_of_quoted(error.message, text);
  views::hide_marks(error.message);
  return fail(std::move(error));
}

// What the data has made fail, for who may not see the values that the engine tells of. Our own errors have
// none.
std::unexpected<Error> without_values(const Error& error) {
  switch (error.code) {
    case Code::timeout:
    case Code::cancelled:
    case Code::overloaded:
    case Code::too_large:
    case Code::refused:
      return fail(error);
    default:
      return fail(Error{error.code, "the query failed on the data that it reads",
                        "why is not told: it may hold values that are kept from this caller", std::nullopt});
  }
}

// With types that the engine's files keep whole: it would write a HUGEINT (a sum of integers) as a double.
Result<sql::Query> for_files(sql::Session& session, const sql::Query& bound, lake::AnswerFormat format) {
  std::string items;
  std::string names;
  size_t number = 0;
  const auto columns = TRY(session.describe(bound));
  for (const auto& column : columns) {
    const std::string name = fmt::format("c{}", number++);
    const std::string type = lake::answer_type(column.type, format).value_or(column.type);
    const std::string value = type == column.type ? name : fmt::format("CAST({} AS {})", name, type);
    items += fmt::format("{}{} AS {}", items.empty() ? "" : ", ", value, sql::quote_identifier(column.name));
    names += (names.empty() ? "" : ", ") + name;
  }
  return sql::over(fmt::format("SELECT {} FROM {} AS answer({})", items, sql::relation("answer"), names),
                   "answer", bound);
}

// The guard asks what the engine has bound, and a statement that it was not asked about may not have run.
Status was_checked(const sql::PlanGuard& guard, size_t checked_before) {
  if (guard.checked() > checked_before) return {};
  return fail(Code::internal, "the plan of the query was not checked");
}

constexpr int64_t no_limit_us = int64_t{24} * 3600 * 1'000'000;
constexpr auto watch_interval = std::chrono::milliseconds(20);

}  // namespace

Result<std::unique_ptr<QueryService>> QueryService::create(sql::Database& database, history::History& history,
                                                           speed::SpeedLayer& speed, io::Clock& clock,
                                                           const Options& options) {
  if (!options.answer_folder.empty()) {
    auto& files = io::local_file_system();
    TRY(files.remove_all(options.answer_folder));  // of a run that was killed
    TRY(files.create_folders(options.answer_folder));
  }
  auto session = TRY(database.connect());
  std::unique_ptr<QueryService> service(new QueryService(database, history, speed, clock, options));
  service->functions_ = TRY(sql::function_names(session));
  service->bound_functions_ = TRY(sql::bound_names(session, allowed_functions()));
  service->watchdog_ = std::thread([raw = service.get()] { raw->watch(); });
  return service;
}

QueryService::~QueryService() {
  {
    Lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  watchdog_.join();
}

// ---- limits ----

void QueryService::watch() {
  Lock lock(mutex_);
  while (!is_stopping_) {
    if (running_.empty()) {
      lock.wait(changed_);
      continue;
    }
    lock.wait_for(changed_, watch_interval);
    const int64_t now_us = clock_.monotonic_us();
    for (Running* running : running_) {
      if (now_us >= running->deadline_us) running->is_timed_out = true;
      if (running->is_cancelled && running->is_cancelled()) running->was_cancelled = true;
      // Again each time: a query that was just about to start forgets an earlier interrupt.
      if (running->is_timed_out || running->was_cancelled) running->session->interrupt();
    }
  }
}

Result<std::unique_ptr<QueryService::Reader>> QueryService::take_reader() {
  {
    Lock lock(mutex_);
    if (taken_ >= options_.queries_max) {
      return fail(Code::overloaded, fmt::format("{} queries are running already", taken_),
                  "try again in a moment");
    }
    ++taken_;
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  auto reader = new_reader();
  if (!reader) {
    Lock lock(mutex_);
    --taken_;
  }
  return reader;
}

Result<std::unique_ptr<QueryService::Reader>> QueryService::new_reader() {
  sql::Session session = TRY(database_.connect());
  sql::Statement epoch_row = TRY(session.prepare("SELECT * FROM epoch"));
  return std::make_unique<Reader>(std::move(session), std::move(epoch_row));
}

void QueryService::give_back(std::unique_ptr<Reader> reader, bool is_usable) {
  Lock lock(mutex_);
  --taken_;
  if (is_usable) idle_.push_back(std::move(reader));
}

size_t QueryService::running() const {
  Lock lock(mutex_);
  return taken_;
}

// ---- snapshots ----

// In short stretches, so that a client that goes away does not hold a thread until the time is over.
Status QueryService::wait_for_offsets(const ReadOptions& options, int64_t deadline_us) {
  constexpr int64_t stretch_us = 50'000;
  if (options.min_offsets.empty()) return {};
  while (true) {
    const int64_t left_us = std::max<int64_t>(0, deadline_us - clock_.monotonic_us());
    Status waited = speed_.wait_for(options.min_offsets, std::min(left_us, stretch_us));
    if (waited || waited.error().code != Code::timeout || left_us <= stretch_us) return waited;
    if (options.is_cancelled && options.is_cancelled())
      return fail(Code::cancelled, "the query was cancelled");
  }
}

Status QueryService::in_snapshot(const ReadOptions& options,
                                 const std::function<Status(sql::Session&, const Snapshot&)>& work) {
  const int64_t limit_us = options.timeout_us < 0   ? no_limit_us
                           : options.timeout_us > 0 ? std::min(options.timeout_us, options_.timeout_us)
                                                    : options_.timeout_us;
  const int64_t deadline_us = clock_.monotonic_us() + limit_us;
  auto reader = TRY(take_reader());  // first: who waits takes part in the limit, as it holds a thread
  if (Status waited = wait_for_offsets(options, deadline_us); !waited) {
    give_back(std::move(reader), true);
    return waited;
  }
  sql::Session& session = reader->session;
  Running running{&session, deadline_us, options.is_cancelled};
  {
    Lock lock(mutex_);
    running_.insert(&running);
    changed_.notify_all();
  }
  // Before the transaction and until after its end: what it meets cannot go away.
  const auto pin = speed_.epochs().pin();
  const auto attempt = [&]() -> Status {
    // A function that is registered later is unknown to a transaction that has looked for one already.
    TRY(prepare_streams(*speed_.epochs().newest()->world));
    TRY(session.run("BEGIN TRANSACTION"));
    const auto row = TRY(reader->epoch_row.query());
    Snapshot snapshot;
    snapshot.epoch = speed_.epochs().find(row.integer(0, 0));
    if (!snapshot.epoch) return fail(Code::internal, fmt::format("epoch {} is not known", row.integer(0, 0)));
    // Now: what is registered after the transaction's first look at functions is not there for it.
    TRY(prepare_streams(*snapshot.epoch->world));
    const auto partitions = speed_.partitions();
    for (size_t i = 0; i < partitions.size() && 2 + i < row.columns().size(); ++i) {
      const history::Stream& stream = partitions[i].stream;
      if (!stream.name.empty()) snapshot.offsets[stream.bare_name()].push_back(row.integer(0, 2 + i));
    }
    return work(session, snapshot);
  };
  Status done = attempt();
  {
    Lock lock(mutex_);
    running_.erase(&running);
  }
  const bool is_ended = session.run("ROLLBACK").has_value();  // reads leave nothing to commit
  give_back(std::move(reader), is_ended || done.has_value());
  if (!done && done.error().code == Code::cancelled) {
    if (running.is_timed_out) {
      return fail(Code::timeout,
                  fmt::format("the query ran longer than {} ms and was cancelled", limit_us / 1000),
                  "read less, or raise limits.query_timeout_ms");
    }
    return fail(Code::cancelled, "the query was cancelled");
  }
  return done;
}

Status QueryService::prepare_streams(const views::World& world) {
  for (const auto& [stream, schema] : world.schemas)
    TRY(history_.prepare(stream, schema, history::History::Reader::query));
  return {};
}

Result<StreamRelations> QueryService::stream_relations(const Snapshot& snapshot,
                                                       const std::set<std::string>& streams) {
  StreamRelations relations;
  for (const std::string& stream : streams) {
    relations.emplace(stream, TRY(history_.relation(stream, snapshot.epoch->world->schemas.at(stream),
                                                    snapshot.epoch->archive(stream), snapshot.ends(stream))));
  }
  return relations;
}

// ---- queries ----

Result<QueryService::Bound> QueryService::bind(sql::Session& session, const std::string& text,
                                               const Snapshot& snapshot, const CallerSight& sight) {
  const auto select = TRY(sql::parse_select(text));
  TRY(check_query(select, text, functions_));
  const auto exposed = TRY(views::expose(select, sight.relations(), text, sight.absent()));
  const auto streams = TRY(stream_relations(snapshot, needed_streams(*snapshot.epoch, exposed.relations)));
  auto meanings = relation_meanings(*snapshot.epoch, exposed.relations, streams);
  sight.restrict(exposed.relations, meanings);
  TRY(check_restricted(session, exposed.relations, sight, meanings));
  const auto in_order =
      views::in_order(exposed.select, sight.relations(), exposed.relations, false,
                      [&](const std::string& sql) { return session.describe(sql::Query(sql, meanings)); });
  return Bound{sql::Query(in_order ? in_order->sql : exposed.sql, std::move(meanings)),
               sight.sees_whole_below(exposed.relations)};
}

// A mask or a filter that is wrong is not the caller's mistake, and its text is not for the caller.
Status QueryService::check_restricted(sql::Session& session, const std::set<std::string>& named,
                                      const CallerSight& sight, const sql::Meanings& meanings) {
  for (const std::string& name : named) {
    if (sight.sees_whole(name)) continue;
    const auto means = meanings.find(views::visible_name(name));
    if (means == meanings.end()) continue;
    const auto described =
        session.describe(sql::over("FROM " + sql::relation("shown"), "shown", *means->second));
    if (described) continue;
    spdlog::error("what a policy says of {} cannot be applied: {}", name, described.error().describe());
    return fail(Code::unavailable, fmt::format("what may be seen of {} cannot be told", name),
                "the server's log says what is wrong with the policy");
  }
  return {};
}

std::unexpected<Error> QueryService::told(Error error, const std::string& text, const Snapshot& snapshot,
                                          const CallerSight& sight) const {
  return in_users_words(with_drift(std::move(error), snapshot, sight), text, options_.answer_folder);
}

// A field that events have and the views' world does not know yet is not simply unknown.
Error QueryService::with_drift(Error error, const Snapshot& snapshot, const CallerSight& sight) const {
  for (const history::Stream& stream : history_.streams()) {
    if (!sight.sees_whole(stream.name.text())) continue;
    const auto pinned = snapshot.epoch->world->schemas.find(stream.name.text());
    const model::SchemaPtr latest = stream.schemas->latest();
    if (pinned == snapshot.epoch->world->schemas.end() || latest->version == pinned->second.version) continue;
    for (const model::Field& field : latest->fields) {
      if (pinned->second.find(field.name) ||
          error.message.find(fmt::format("\"{}\"", field.name)) == std::string::npos)
        continue;
      error.hint =
          fmt::format("events of {} have a field {} since a short time: it can be read after the next build",
                      stream.name.text(), sql::quote_identifier(field.name));
      return error;
    }
  }
  return error;
}

sql::PlanRules QueryService::rules(const Snapshot& snapshot) {
  PlanSources sources;
  sources.functions = &bound_functions_;
  sources.is_called_by_views = [this, &snapshot](std::string_view function) {
    return is_called_by_views(snapshot.epoch->world, function);
  };
  const auto bulk = std::make_shared<std::optional<std::set<std::string, std::less<>>>>();
  sources.is_bulk_file = [this, &snapshot, bulk](std::string_view file) {
    if (!*bulk) {
      auto files = bulk_files(snapshot);
      if (!files) return false;
      *bulk = std::move(*files);
    }
    return (*bulk)->contains(file);
  };
  for (const auto& [stream, schema] : snapshot.epoch->world->schemas)
    for (const std::string& function : history_.log_functions(stream, schema)) sources.logs.insert(function);
  return plan_rules(*snapshot.epoch, std::move(sources));
}

bool QueryService::is_called_by_views(const std::shared_ptr<const views::World>& world,
                                      std::string_view function) {
  {
    Lock lock(mutex_);
    if (views_asked_ == world) return functions_of_views_.contains(function);
  }
  auto session = database_.connect();  // the reader's own is in the middle of a query
  if (!session) return false;
  auto functions = functions_of_views(*session, *world);
  if (!functions) return false;
  Lock lock(mutex_);
  views_asked_ = world;
  functions_of_views_ = std::move(*functions);
  return functions_of_views_.contains(function);
}

Result<std::set<std::string, std::less<>>> QueryService::bulk_files(const Snapshot& snapshot) {
  std::set<std::string, std::less<>> files;
  for (const auto& [stream, schema] : snapshot.epoch->world->schemas)
    files.merge(TRY(history_.bulk_files(stream, snapshot.epoch->archive(stream), snapshot.ends(stream))));
  return files;
}

Status QueryService::run(const std::string& text, const ReadOptions& options, const Run& run) {
  return in_snapshot(options, [&](sql::Session& session, const Snapshot& snapshot) -> Status {
    const sql::PlanGuard guard(session, rules(snapshot));
    const CallerSight sight(policy(), options.caller, *snapshot.epoch->world);
    const Bound bound = TRY(bind(session, text, snapshot, sight));
    const auto select = options.is_for_files ? for_files(session, bound.query, lake::AnswerFormat::arrow)
                                             : Result<sql::Query>(bound.query);
    if (!select) return told(select.error(), text, snapshot, sight);
    if (!bound.may_tell) {
      if (const auto columns = session.describe(*select); !columns)
        return told(columns.error(), text, snapshot, sight);
    }
    const size_t checked_before = guard.checked();
    const Status done =
        run(session, *select, snapshot, sight, [&] { return serve::was_checked(guard, checked_before); });
    if (!done && !bound.may_tell) return without_values(done.error());
    if (!done) return told(done.error(), text, snapshot, sight);
    return {};
  });
}

Result<Answer> QueryService::query(const std::string& text, const ReadOptions& options) {
  const int64_t started_us = clock_.monotonic_us();
  std::optional<Answer> answer;
  TRY(run(text, options,
          [&](sql::Session& session, const sql::Query& select, const Snapshot& snapshot,
              const CallerSight& sight, const auto& was_checked) -> Status {
            auto rows = TRY(session.query(select, options_.answer_bytes_max));
            TRY(was_checked());
            answer = Answer{std::move(rows), snapshot.epoch->build_id, sight.seen(snapshot.offsets),
                            snapshot.epoch->number, 0};
            return {};
          }));
  answer->elapsed_us = clock_.monotonic_us() - started_us;
  return std::move(*answer);
}

namespace {

// From the engine to who asked: the head when the plan has been checked, then what it gives.
class Passing final : public sql::FrameSink {
 public:
  Passing(RowsSink& sink, RowsHead about, const std::function<Status()>& was_checked, size_t bytes_max)
      : sink_(sink),
        about_(std::move(about)),
        was_checked_(was_checked),
        bytes_left_(bytes_max),
        bytes_max_(bytes_max) {}
  Status begin(const std::vector<model::RelationColumn>& columns) override {
    TRY(was_checked_());
    about_.columns = columns;
    return sink_.head(std::move(about_));
  }
  Status frame(std::string bytes) override {
    if (bytes.size() > bytes_left_) return fail(sql::answer_too_large(bytes_max_));
    bytes_left_ -= bytes.size();
    return sink_.frame(std::move(bytes));
  }

 private:
  RowsSink& sink_;
  RowsHead about_;
  const std::function<Status()>& was_checked_;
  size_t bytes_left_;
  const size_t bytes_max_;
};

sql::Encoding encoding_of(RowFormat format) {
  return format == RowFormat::csv     ? sql::Encoding::csv
         : format == RowFormat::arrow ? sql::Encoding::arrow
                                      : sql::Encoding::json;
}

}  // namespace

Result<RowsEnd> QueryService::stream(const std::string& text, const ReadOptions& options, RowFormat format,
                                     sql::Numbers numbers, RowsSink& sink) {
  const int64_t started_us = clock_.monotonic_us();
  TRY(run(text, options,
          [&](sql::Session& session, const sql::Query& select, const Snapshot& snapshot,
              const CallerSight& sight, const auto& was_checked) -> Status {
            Passing passing(
                sink, {{}, snapshot.epoch->build_id, sight.seen(snapshot.offsets), snapshot.epoch->number},
                was_checked, format == RowFormat::json ? options_.answer_bytes_max : SIZE_MAX);
            return sql::stream_rows(session, select, encoding_of(format), numbers, passing);
          }));
  return RowsEnd{clock_.monotonic_us() - started_us};
}

Result<FileAnswer> QueryService::query_parquet(const std::string& text, const ReadOptions& options,
                                               std::string& out) {
  if (options_.answer_folder.empty())
    return fail(Code::unavailable, "there is no folder for answers as files");
  auto& files = io::local_file_system();
  const io::Path file = options_.answer_folder / fmt::format("{:016x}.parquet", io::random_u64());
  FileAnswer answer;
  const Status written = in_snapshot(options, [&](sql::Session& session, const Snapshot& snapshot) -> Status {
    sql::PlanRules rules = this->rules(snapshot);
    rules.may_write_file = [&](std::string_view written) { return written == file.string(); };
    const sql::PlanGuard guard(session, std::move(rules));
    const CallerSight sight(policy(), options.caller, *snapshot.epoch->world);
    const Bound bound = TRY(bind(session, text, snapshot, sight));
    const auto select = for_files(session, bound.query, lake::AnswerFormat::parquet);
    if (!select) return told(select.error(), text, snapshot, sight);
    const size_t checked_before = guard.checked();
    const auto done = sql::write_parquet(session, *select, file.string());
    if (!done && !bound.may_tell) return without_values(done.error());
    if (!done) return told(done.error(), text, snapshot, sight);
    TRY(was_checked(guard, checked_before));
    const auto opened = TRY(files.open(file, io::FileSystem::Open::read));
    if (TRY(opened->size()) > options_.answer_bytes_max) {
      return fail(Code::too_large,
                  fmt::format("the answer is larger than {} bytes", options_.answer_bytes_max),
                  "read less with LIMIT or WHERE, or raise limits.answer_bytes_max");
    }
    out += TRY(files.read_file(file));
    answer.build_id = snapshot.epoch->build_id;
    answer.offsets = sight.seen(snapshot.offsets);
    answer.epoch = snapshot.epoch->number;
    return {};
  });
  (void)files.remove_all(file);
  TRY(Status(written));
  return answer;
}

}  // namespace anabranch::serve
