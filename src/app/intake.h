#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/streams.h"
#include "app/tasks.h"
#include "base/result.h"
#include "front/events.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "security/policy.h"

namespace anabranch::app {

/// What events on their way in go by and others know: which streams the project that runs has, and how far
/// what is made of events lags behind. Any thread may ask.
class IntakeTerms {
 public:
  virtual ~IntakeTerms() = default;
  virtual bool has_stream(const std::string& name) const = 0;
  /// Why a stream of the project cannot be used; nothing where it can.
  virtual std::optional<Error> damage_of(const std::string& stream) const = 0;
  /// How far streams are in the lake.
  virtual model::Offsets archived() const = 0;
  /// overloaded while too many events wait for a build; unavailable where they cannot be read back.
  virtual Status may_ingest() const = 0;
};

/// may_ingest() of what is known: whether events can no longer be read back, and how many are not built yet.
/// A limit of 0 is none.
Status check_backlog(bool has_failed, int64_t unbuilt_events, int64_t limit_events);

/// The port Events, over streams whose logs this process writes. Any thread may call.
class Intake final : public front::Events {
 public:
  struct Ground {
    Streams& streams;
    const IntakeTerms& terms;
    Tasks& tasks;
    io::FileSystem& files;
    io::Clock& clock;
    io::Path data_folder;
    io::Path program;  // anabranch itself, for the child that imports
    uint64_t import_timeout_ms = 0;
  };
  /// What the ground names outlives it.
  Intake(std::shared_ptr<const security::Policy> policy, Ground ground)
      : Events(std::move(policy)), ground_(std::move(ground)) {}

  Status may_ingest() const override { return ground_.terms.may_ingest(); }
  ingest::Ingestor* stream(const std::string& name) override;
  std::vector<std::string> stream_names() const override;
  std::optional<Error> damage_of(const std::string& stream) const override {
    return ground_.terms.damage_of(stream);
  }
  model::Offsets archived() const override { return ground_.terms.archived(); }
  Result<ingest::Accepted> ingest_file(const std::string& stream, const std::string& path,
                                       const std::optional<ingest::Sender>& sender,
                                       std::optional<model::Partition> partition) override;

 private:
  const Ground ground_;
};

}  // namespace anabranch::app
