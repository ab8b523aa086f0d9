// The stations in this process. A kill leaves the files as they are at that moment, as kill -9 would.

#include <fmt/format.h>

#include "tests/fuzz/subject.h"
#include "tests/support/open_platform.h"

namespace anabranch::fuzz {
namespace {

namespace fs = std::filesystem;

class PlatformSubject final : public Subject {
 public:
  PlatformSubject(io::Path folder, int tick_rows) : folder_(std::move(folder)), tick_rows_(tick_rows) {}

  Status start(bool is_copying) override {
    speed::SpeedLayer::Options options;
    options.tick_rows_max = static_cast<size_t>(tick_rows_);
    options.replay_rows_max = 17;
    options.compaction_rows = 25;
    options.tick_interval_us = 100;
    platform_ = TRY(test::open_platform(folder_, options));
    if (is_copying) TRY(platform_->copy({}));
    TRY(platform_->start());
    if (!platform_->left_out().empty()) return fail(platform_->left_out()[0]);
    return {};
  }

  Status stop() override {
    platform_.reset();
    return {};
  }

  Status kill(bool, int) override {
    const fs::path data = folder_ / ".anabranch";
    const fs::path image = folder_ / "image";
    copy_tree(data, image);
    platform_.reset();
    std::error_code error;
    fs::remove_all(data, error);
    fs::rename(image, data, error);
    if (error) return fail(Code::io, error.message());
    return {};
  }

  Result<Accepted> ingest(const std::string& stream, const std::string& format,
                          const std::string& body) override {
    using ingest::BodyFormat;
    const BodyFormat as = format == "csv"           ? BodyFormat::csv
                          : format == "json"        ? BodyFormat::json
                          : format == "cloudevents" ? BodyFormat::cloudevents_batch
                                                    : BodyFormat::ndjson;
    const auto accepted = TRY(platform_->stream(stream)->accept_and_wait(as, body));
    return Accepted{accepted.accepted, accepted.quarantined};
  }

  Result<Accepted> ingest_file(const std::string& stream, const io::Path& file) override {
    const auto accepted = TRY(platform_->ingest_file(stream, file.string()));
    return Accepted{accepted.accepted, accepted.quarantined};
  }

  Status build(const std::vector<std::string>& views) override {
    TRY(platform_->build(views, "a test"));
    return {};
  }

  Status copy() override {
    TRY(platform_->copy({}));
    return {};
  }

  Result<std::string> newest_build() override {
    const auto build = platform_->published_build();
    return build ? build->id : "";
  }

  Answer ask(const std::string& view, const std::vector<std::string>&) override {
    serve::ReadOptions options;
    for (const std::string& stream : platform_->stream_names())
      options.min_offsets[stream] = platform_->stream(stream)->log().durable_offsets();
    auto answer = platform_->queries().query("SELECT * FROM " + view, options);
    if (!answer) return Answer::of(fail(answer.error()));
    return Answer::of(std::move(answer->rows));
  }

  Result<std::map<std::string, std::string>> classes() override {
    std::map<std::string, std::string> classes;
    for (const auto& plan : platform_->speed().epochs().newest()->world->plans) {
      if (plan.is_hidden) continue;
      classes[plan.view] = views::to_string(plan.view_class);
      for (const auto& reason : plan.reasons)
        classes[plan.view] += fmt::format(" ({}: {})", reason.clause, reason.reason);
    }
    return classes;
  }

  bool is_as_text() const override { return false; }

 private:
  // Files of slices and answers come and go meanwhile; those are made anew at every start.
  static void copy_tree(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::create_directories(to, error);
    for (fs::recursive_directory_iterator entry(from, error), end; entry != end; entry.increment(error)) {
      const fs::path target = to / entry->path().lexically_relative(from);
      if (entry->is_directory(error)) {
        fs::create_directories(target, error);
      } else {
        fs::copy_file(entry->path(), target, error);
      }
    }
  }

  const io::Path folder_;
  const int tick_rows_;
  std::unique_ptr<app::Platform> platform_;
};

}  // namespace

std::unique_ptr<Subject> in_this_process(io::Path folder, int tick_rows) {
  return std::make_unique<PlatformSubject>(std::move(folder), tick_rows);
}

}  // namespace anabranch::fuzz
