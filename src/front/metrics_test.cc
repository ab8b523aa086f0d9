#include "front/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace anabranch::front {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, AreWrittenAsText) {
  Metrics metrics;
  metrics.counter("requests_total", "Requests", {{"route", "/v1/query"}}).add();
  metrics.counter("requests_total", "Requests", {{"route", "/v1/query"}}).add(2);
  metrics.histogram("duration_seconds", "Duration", {0.1, 1}).observe(0.5);
  const Gauge lag = metrics.gauge("lag_events", "Lag");
  metrics.on_collect([&] { lag.set(7); });
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP requests_total Requests\n# TYPE requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{route=\"/v1/query\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("duration_seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("lag_events 7\n"));
}

}  // namespace
}  // namespace anabranch::front
