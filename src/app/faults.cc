#include "app/faults.h"

#include <spdlog/spdlog.h>

#include "app/stations.h"

namespace anabranch::app {

void Faults::set(const std::string& of, const Error& error) {
  Error fault = in_project(error, root_);
  fault = {Code::unavailable, std::move(fault.message), std::move(fault.hint), {}};
  Lock lock(mutex_);
  const auto before = faults_.find(of);
  if (before == faults_.end() || before->second.message != fault.message)
    spdlog::error("{}: {}", of, fault.describe());
  faults_[of] = std::move(fault);
}

void Faults::clear(const std::string& of) {
  Lock lock(mutex_);
  faults_.erase(of);
}

std::map<std::string, Error> Faults::all() const {
  Lock lock(mutex_);
  return faults_;
}

}  // namespace anabranch::app
