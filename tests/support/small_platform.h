#pragma once
// The stream of small_world.h with a real log, ticks and an engine, behind the service that answers queries:
// for tests that want no whole platform.

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "history/history.h"
#include "ingest/ingestor.h"
#include "log/schema_store.h"
#include "log/segmented_log.h"
#include "serve/query_service.h"
#include "speed/speed_layer.h"
#include "tests/support/small_world.h"
#include "tests/support/temporary_folder.h"

namespace anabranch::test {

/// One thread, but that events may be posted by another one.
class SmallPlatform {
 public:
  using Models = std::vector<std::pair<std::string, std::string>>;

  explicit SmallPlatform(const Models& models) {
    auto& files = io::local_file_system();
    log_ = log::SegmentedLog::open(files, io::system_clock(), stream_folder(), {}).value();
    schemas_ = log::SchemaStore::open(files, stream_folder() / "schema").value();
    schemas_->add(small_schema()).value();
    ingestor_ = std::make_unique<ingest::Ingestor>("e", *log_, *schemas_);
    database_ = sql::Database::open({}).value();
    const std::vector<history::Stream> streams = {
        {model::bronze("e"), log_.get(), schemas_.get(), stream_folder()}};
    history_ = std::make_unique<history::History>(*database_, streams);
    speed_ = speed::SpeedLayer::create(*database_, streams, io::system_clock(), {}).value();
    log_->on_durable([this] { speed_->wake(); });
    speed::Handover first;
    first.world = std::make_shared<const views::World>(small_world(models));
    speed_->start(first, nullptr).value();
  }
  ~SmallPlatform() {
    log_->close();
    queries_.reset();
    speed_->stop();
  }
  SmallPlatform(const SmallPlatform&) = delete;
  SmallPlatform& operator=(const SmallPlatform&) = delete;

  /// The service with these limits; one before it ends.
  serve::QueryService& queries(const serve::QueryService::Options& options = {}) {
    queries_.reset();
    queries_ =
        serve::QueryService::create(*database_, *history_, *speed_, io::system_clock(), options).value();
    return *queries_;
  }

  /// `lines`: NDJSON, each line an event. They are durable when it returns; ticks have perhaps not taken them
  /// in.
  void post(const std::string& lines) {
    const auto accepted = ingestor_->accept_and_wait(ingest::BodyFormat::ndjson, lines);
    ASSERT_TRUE(accepted) << accepted.error().describe();
    posted_ += static_cast<model::Offset>(std::count(lines.begin(), lines.end(), '\n'));
  }
  model::Offset posted() const { return posted_; }
  /// A read that sees all that was posted.
  serve::ReadOptions after_all() const {
    serve::ReadOptions options;
    options.min_offsets = {{"e", {posted_}}};
    return options;
  }

  sql::Database& database() { return *database_; }
  speed::SpeedLayer& speed() { return *speed_; }
  const io::Path& folder() const { return folder_.path(); }
  io::Path stream_folder() const { return folder_ / "log" / "e"; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<log::SegmentedLog> log_;
  std::unique_ptr<log::SchemaStore> schemas_;
  std::unique_ptr<ingest::Ingestor> ingestor_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<history::History> history_;
  std::unique_ptr<speed::SpeedLayer> speed_;
  std::unique_ptr<serve::QueryService> queries_;
  std::atomic<model::Offset> posted_ = 0;
};

}  // namespace anabranch::test
