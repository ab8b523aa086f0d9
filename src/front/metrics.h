#pragma once
// Counters, gauges and histograms for /metrics. prometheus-cpp stays behind this door.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace anabranch::front {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only goes up. A handle: copies are the same counter, which lives as long as its Metrics. Any thread may
/// call.
class Counter {
 public:
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  void add(double amount = 1) const;

 private:
  prometheus::Counter* counter_;
};

/// Goes up and down. A handle, as Counter.
class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  void set(double value) const;
  void add(double amount) const;

 private:
  prometheus::Gauge* gauge_;
};

/// Counts values by size. A handle, as Counter.
class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  void observe(double value) const;

 private:
  prometheus::Histogram* histogram_;
};

/// The program's metrics. Owner: the application. Any thread may call. Asking again for the same name and
/// labels gives the same metric, with the help that it was first given; a name of another kind, or one that
/// Prometheus does not take, is our bug, and asserts.
/// Keep the values of labels few, and never a client's own words: each combination lives as long as the
/// program.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  Counter counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge gauge(const std::string& name, const std::string& help, const Labels& labels = {});
  /// `bounds`: upper bounds of the buckets, growing.
  Histogram histogram(const std::string& name, const std::string& help, const std::vector<double>& bounds,
                      const Labels& labels = {});
  /// Called at the beginning of each text(), to set gauges that are cheaper to look up than to keep.
  void on_collect(std::function<void()> collect);

  /// Everything in the text format of Prometheus, version 0.0.4.
  std::string text();
  static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace anabranch::front
