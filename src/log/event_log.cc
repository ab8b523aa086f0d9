#include "log/event_log.h"

#include <future>

namespace anabranch::log {

void EventLog::append(NewBatch batch, Done done) {
  std::vector<NewBatch> parts;
  parts.push_back(std::move(batch));
  append_parts(std::move(parts), [done = std::move(done)](Result<std::vector<Appended>> appended) {
    if (!appended) {
      done(fail(std::move(appended).error()));
    } else {
      done(std::move(appended->front()));
    }
  });
}

Result<Appended> EventLog::append_and_wait(NewBatch batch) {
  // Shared, because the promise is still being left on the log's thread when the waiting one goes on.
  auto promise = std::make_shared<std::promise<Result<Appended>>>();
  std::future<Result<Appended>> outcome = promise->get_future();
  append(std::move(batch), [promise](Result<Appended> appended) { promise->set_value(std::move(appended)); });
  return outcome.get();
}

}  // namespace anabranch::log
