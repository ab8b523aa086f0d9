#include "front/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/assert.h"
#include "base/mutex.h"

namespace anabranch::front {
namespace {

std::map<std::string, std::string> to_map(const Labels& labels) { return {labels.begin(), labels.end()}; }

// The library throws on a name that is wrong or of another kind: a bug of ours.
template <typename Make>
auto& checked(Make make) {
  std::remove_reference_t<decltype(make())>* made = nullptr;
  try {
    made = &make();
  } catch (const std::exception&) {
    made = nullptr;
  }
  ANABRANCH_ASSERT(made != nullptr);
  return *made;
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  Mutex mutex;
  std::vector<std::function<void()>> collectors GUARDED_BY(mutex);
};

void Counter::add(double amount) const { counter_->Increment(amount); }
void Gauge::set(double value) const { gauge_->Set(value); }
void Gauge::add(double amount) const { gauge_->Increment(amount); }
void Histogram::observe(double value) const { histogram_->Observe(value); }

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(checked([&]() -> prometheus::Counter& {
    return prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry).Add(to_map(labels));
  }));
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(checked([&]() -> prometheus::Gauge& {
    return prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add(to_map(labels));
  }));
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const std::vector<double>& bounds, const Labels& labels) {
  return Histogram(checked([&]() -> prometheus::Histogram& {
    return prometheus::BuildHistogram()
        .Name(name)
        .Help(help)
        .Register(impl_->registry)
        .Add(to_map(labels), bounds);
  }));
}

void Metrics::on_collect(std::function<void()> collect) {
  Lock lock(impl_->mutex);
  impl_->collectors.push_back(std::move(collect));
}

std::string Metrics::text() {
  std::vector<std::function<void()>> collectors;
  {
    Lock lock(impl_->mutex);
    collectors = impl_->collectors;
  }
  for (const auto& collect : collectors) collect();
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace anabranch::front
