#include "front/remote/ports_host.h"

#include <atomic>
#include <chrono>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "front/remote/engine_state.h"
#include "front/remote/row_pieces.h"

namespace anabranch::front::remote {

using processes::IncomingCall;
using security::Caller;

PortsHost::PortsHost(Ports ports) : ports_(std::move(ports)) {
  add_builds();
  add_orders();
  add_tables();
  add_reads();
}

PortsHost::~PortsHost() { stop(); }

Result<std::string> PortsHost::answer(IncomingCall& call) const {
  const auto found = answers_.find(call.method());
  if (found == answers_.end())
    return fail(Code::corrupt,
                fmt::format("the engine was asked for '{}', which there is not", call.method()));
  return found->second(call);
}

// `work` takes the call and what it asks, and gives the answer or a Result of it.
template <typename Answer, typename... Arguments, typename Work>
void PortsHost::on(const Method<Answer, Arguments...>& method, Work work) {
  answers_[std::string(method.name)] = [work](IncomingCall& call) -> Result<std::string> {
    const auto asked = TRY(wire::decode<std::tuple<Arguments...>>(call.request()));
    Result<Answer> answer = std::apply(
        [&](const auto&... arguments) -> Result<Answer> { return work(call, arguments...); }, asked);
    if (!answer) return fail(std::move(answer).error());
    if constexpr (std::is_void_v<Answer>) {
      return std::string();
    } else {
      return wire::encode(*answer);
    }
  };
}

void PortsHost::add_builds() {
  Builds& builds = ports_.builds;
  on(methods::models, [&builds](auto&, const Caller& caller) { return builds.models(caller); });
  on(methods::tasks, [&builds](auto&, const Caller& caller) { return builds.tasks(caller); });
  on(methods::faults, [&builds](auto&, const Caller& caller) { return builds.faults(caller); });
  on(methods::published_build,
     [&builds](auto&, const Caller& caller) { return builds.published_build(caller); });
  on(methods::builds,
     [&builds](auto&, const Caller& caller, size_t limit) { return builds.builds(caller, limit); });
  on(methods::states, [&builds](auto&, size_t limit) { return builds.states(limit); });
  on(methods::last_verdicts, [&builds](auto&, const Caller& caller) { return builds.last_verdicts(caller); });
  on(methods::storage, [&builds](auto&) { return builds.storage(); });
  on(methods::running_build, [&builds](auto&) { return builds.running_build(); });
  on(methods::published_at_us, [&builds](auto&) { return builds.published_at_us(); });
  on(methods::changed_files, [&builds](auto&, const Caller& caller, bool is_fresh) {
    return builds.changed_files(caller, is_fresh);
  });
  on(methods::keyed_answer, [&builds](auto&, const std::string& route, const std::string& key) {
    return builds.keyed_answer(route, key);
  });
  on(methods::keep_keyed_answer,
     [&builds](auto&, const catalog::KeyedAnswer& answer) { return builds.keep_keyed_answer(answer); });
}

void PortsHost::add_orders() {
  Builds& builds = ports_.builds;
  using methods::Names;
  on(methods::build, [&builds](auto&, const Caller& caller, const Names& views, const std::string& reason) {
    return builds.build(caller, views, reason);
  });
  on(methods::apply, [&builds](auto&, const Caller& caller, const ApplyRequest& request) {
    return builds.apply(caller, request);
  });
  on(methods::diff, [&builds](auto&, const Caller& caller, const DiffRequest& request) {
    return builds.diff(caller, request);
  });
  on(methods::drop, [&builds](auto&, const Caller& caller, const DropRequest& request) {
    return builds.drop(caller, request);
  });
  on(methods::verify, [&builds](IncomingCall& call, const Caller& caller,
                                const quality::Verifier::Request& request, bool wants_progress) {
    quality::Verifier::Request asked = request;
    asked.is_cancelled = [cancelled = call.cancelled()] { return cancelled && *cancelled; };
    if (wants_progress) {
      asked.on_progress = [&call](const quality::VerifyProgress& progress) {
        (void)call.send(wire::encode(progress));  // nobody takes it: then it is cancelled
      };
    }
    return builds.verify(caller, asked);
  });
  on(methods::cancel,
     [&builds](auto&, const Caller& caller, const std::string& task) { return builds.cancel(caller, task); });
  on(methods::may_build,
     [&builds](auto&, const Caller& caller, const Names& views) { return builds.may_build(caller, views); });
  on(methods::may_verify,
     [&builds](auto&, const Caller& caller, const Names& views) { return builds.may_verify(caller, views); });
  on(methods::may_apply, [&builds](auto&, const Caller& caller, const ApplyRequest& request) {
    return builds.may_apply(caller, request);
  });
  on(methods::may_drop, [&builds](auto&, const Caller& caller, const DropRequest& request) {
    return builds.may_drop(caller, request);
  });
}

void PortsHost::add_tables() {
  TableCopies& tables = ports_.tables;
  using methods::Names;
  on(methods::tables, [&tables](auto&, const Caller& caller) { return tables.tables(caller); });
  on(methods::copy,
     [&tables](auto&, const Caller& caller, const Names& sources) { return tables.copy(caller, sources); });
  on(methods::may_copy, [&tables](auto&, const Caller& caller, const Names& sources) {
    return tables.may_copy(caller, sources);
  });
}

void PortsHost::add_reads() {
  const auto with_terms = [](const auto& read, IncomingCall& call) {
    auto asked = read;
    asked.terms.cancelled = call.cancelled();
    return asked;
  };
  on(methods::query,
     [this, with_terms](IncomingCall& call, const serve::QueryRead& read) -> Result<serve::RowsEnd> {
       serve::Reads* reads = TRY(this->reads());
       SentRows rows(call);
       return reads->query(with_terms(read, call), rows);
     });
  on(methods::rows,
     [this, with_terms](IncomingCall& call, const serve::ViewRead& read) -> Result<serve::RowsEnd> {
       serve::Reads* reads = TRY(this->reads());
       SentRows rows(call);
       return reads->rows(with_terms(read, call), rows);
     });
  on(methods::view_names, [this](auto&, const Caller& caller) -> Result<std::vector<std::string>> {
    serve::Reads* reads = TRY(this->reads());
    return reads->view_names(caller);
  });
  on(methods::views, [this](auto&, const Caller& caller) -> Result<std::vector<serve::ViewRecord>> {
    serve::Reads* reads = TRY(this->reads());
    return reads->views(caller);
  });
  on(methods::view,
     [this](auto&, const Caller& caller, const std::string& name) -> Result<serve::ViewDetail> {
       serve::Reads* reads = TRY(this->reads());
       return reads->view(caller, name);
     });
  on(methods::errors,
     [this](auto&, const Caller& caller, const std::string& view, size_t limit) -> Result<serve::ViewErrors> {
       serve::Reads* reads = TRY(this->reads());
       return reads->errors(caller, view, limit);
     });
  on(methods::state, [this](auto&) -> Result<serve::ReadState> {
    serve::Reads* reads = TRY(this->reads());
    return reads->state();
  });
}

Result<serve::Reads*> PortsHost::reads() const {
  serve::Reads* reads = ports_.reads();
  if (reads == nullptr) {
    return fail(Code::unavailable, "the engine is starting: it replays the log",
                "try again in a moment; GET /v1/status says more");
  }
  return reads;
}

// ---- what is told ----

void PortsHost::tell(processes::Link& link) {
  teller_ = std::thread([this, &link] { run_teller(link); });
}

void PortsHost::run_teller(processes::Link& link) {
  std::string last;
  Lock lock(mutex_);
  while (!is_stopped_) {
    lock.unlock();
    serve::Reads* reads = ports_.reads();
    EngineState::Told now;
    now.is_ready = reads != nullptr;
    if (reads != nullptr) now.reads = reads->state();
    std::string bytes = wire::encode(now);
    if (bytes != last) {
      link.tell(EngineState::topic, bytes);
      last = std::move(bytes);
    }
    lock.lock();
    if (!is_stopped_) lock.wait_for(stopped_, std::chrono::milliseconds(50));
  }
}

void PortsHost::stop() {
  {
    Lock lock(mutex_);
    is_stopped_ = true;
    stopped_.notify_all();
  }
  if (teller_.joinable()) teller_.join();
}

}  // namespace anabranch::front::remote
