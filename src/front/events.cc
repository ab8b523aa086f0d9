#include "front/events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/names.h"

namespace anabranch::front {

std::vector<std::string> Events::streams(const security::Caller& caller) const {
  std::vector<std::string> names = stream_names();
  std::erase_if(names,
                [&](const std::string& name) { return !policy_->shows(caller, model::bronze(name).text()); });
  return names;
}

Status Events::check_stream(const security::Caller& caller, const std::string& name) {
  if (policy_->shows(caller, model::bronze(name).text())) {
    if (stream(name)) return {};
    if (const auto damage = damage_of(name)) return fail(*damage);
  }
  const auto names = streams(caller);
  return fail(
      Code::not_found, "there is no such stream",
      names.empty() ? "the project has none" : fmt::format("the streams are {}", fmt::join(names, ", ")));
}

Status Events::check_ingest(const security::Caller& caller, const std::string& name) {
  TRY(check_stream(caller, name));
  return policy_->check(caller, security::Right::ingest, model::bronze(name).text());
}

Result<ingest::Ingestor*> Events::find(const std::string& name) {
  if (ingest::Ingestor* found = stream(name)) return found;
  return fail(Code::not_found, "there is no such stream");
}

model::Offsets Events::durable_offsets() {
  model::Offsets offsets;
  for (const std::string& name : stream_names()) {
    ingest::Ingestor* open = stream(name);
    if (open) offsets[name] = open->log().durable_offsets();  // else taken out of the project since
  }
  return offsets;
}

std::optional<StreamState> Events::state(const security::Caller& caller, const std::string& name) {
  ingest::Ingestor* open = policy_->shows(caller, model::bronze(name).text()) ? stream(name) : nullptr;
  if (!open) return std::nullopt;
  return state_of(name, *open, shows_quarantine(caller, name));
}

std::map<std::string, StreamState> Events::all_states() {
  std::map<std::string, StreamState> states;
  for (const std::string& name : stream_names()) {
    if (ingest::Ingestor* open = stream(name)) states.emplace(name, state_of(name, *open, true));
  }
  return states;
}

StreamState Events::state_of(const std::string& name, ingest::Ingestor& open, bool shows_quarantine) const {
  StreamState state;
  state.durable = open.log().durable_offsets();
  const model::Offsets all = archived();
  if (const auto found = all.find(name); found != all.end()) state.archived = found->second;
  if (shows_quarantine) state.quarantined = open.log().quarantined_count();
  state.log_bytes = open.log().bytes_on_disk();
  return state;
}

std::optional<int64_t> Events::waiting_us(const std::string& name, const std::vector<model::Offset>& applied,
                                          int64_t now_us) {
  ingest::Ingestor* open = stream(name);
  if (!open) return std::nullopt;
  const auto durable = open->log().durable_offsets();
  int64_t longest_us = 0;
  for (size_t i = 0; i < durable.size() && i < applied.size(); ++i) {
    if (applied[i] >= durable[i]) continue;
    const auto batches = open->log().read(static_cast<model::Partition>(i), applied[i], applied[i] + 1, 1);
    if (!batches || batches->empty()) return std::nullopt;
    longest_us = std::max(longest_us, now_us - batches->front()->ingested_at_us);
  }
  return longest_us;
}

void Events::accept(const security::Caller& caller, const std::string& name, const Delivery& delivery,
                    std::string_view body, Done done) {
  if (const Status allowed = check_ingest(caller, name); !allowed)
    return done(fail(allowed.error()), std::nullopt);
  const auto open = find(name);
  if (!open) return done(fail(open.error()), std::nullopt);
  ingest::BodyFormat format = delivery.format;
  std::string structured;
  if (!delivery.attributes.empty()) {
    auto event = ingest::structured_cloudevent(delivery.attributes, delivery.content_type, body,
                                               *(*open)->schemas().latest());
    if (!event) return done(fail(event.error()), std::nullopt);
    structured = std::move(*event);
    body = structured;
    format = ingest::BodyFormat::cloudevents;
  }
  std::optional<std::string> producer;
  if (delivery.sender && delivery.sender->sequence) producer = delivery.sender->id;
  (*open)->accept(
      format, body, delivery.sender,
      [done = std::move(done), producer, chosen = delivery.partition,
       log = &(*open)->log()](Result<ingest::Accepted> accepted) {
        std::optional<uint64_t> due;
        if (!accepted && producer && accepted.error().code == Code::conflict)
          due = log->next_sequence(*producer, chosen);
        done(std::move(accepted), due);
      },
      delivery.partition);
}

Result<ingest::Accepted> Events::ingest_file(const security::Caller& caller, const std::string& name,
                                             const std::string& path,
                                             const std::optional<ingest::Sender>& sender,
                                             std::optional<model::Partition> partition) {
  TRY(check_ingest(caller, name));
  return ingest_file(name, path, sender, partition);
}

Result<uint64_t> Events::next_sequence(const security::Caller& caller, const std::string& name,
                                       const std::string& producer, std::optional<model::Partition> chosen) {
  TRY(check_ingest(caller, name));
  const log::EventLog& log = TRY(find(name))->log();
  if (chosen) TRY(ingest::check_partition(log, *chosen));
  return log.next_sequence(producer, chosen);
}

bool Events::shows(const security::Caller& caller, const std::string& name) const {
  return policy_->shows(caller, model::bronze(name).text());
}

bool Events::shows_quarantine(const security::Caller& caller, const std::string& name) const {
  return policy_->shows_whole(caller, model::bronze(name).text());
}

Result<std::vector<log::QuarantineEntry>> Events::quarantine(
    const security::Caller& caller, const std::string& name,
    const std::optional<log::EventLog::QuarantinePosition>& after, size_t limit) {
  if (!shows_quarantine(caller, name)) {
    return fail(Code::refused, "this caller does not see all of the stream",
                "what is in quarantine is shown whole or not at all");
  }
  return TRY(find(name))->log().quarantine(after, limit);
}

}  // namespace anabranch::front
