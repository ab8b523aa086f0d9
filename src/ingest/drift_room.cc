#include "ingest/drift_room.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/excerpt.h"

namespace anabranch::ingest {
namespace {

constexpr int64_t hour_us = int64_t{3600} * 1'000'000;

}  // namespace

std::string DriftRoom::problem(std::string_view field) const {
  const std::string bound =
      is_by_hour ? fmt::format("events may add {} fields within an hour (drift: per_hour)", limit)
                 : fmt::format("the stream may have {} fields by drift (drift: fields_max)", limit);
  return fmt::format(
      "field {}: {}, so events add no more; declare the field, raise the limit, or set on_drift: freeze",
      excerpt(field), bound);
}

DriftRoom drift_room(const model::Schema& schema, int64_t now_us) {
  const auto recent = static_cast<size_t>(
      std::count_if(schema.fields.begin(), schema.fields.end(),
                    [&](const model::Field& field) { return field.found_at_us > now_us - hour_us; }));
  const size_t in_all =
      schema.drift.fields_max > schema.fields.size() ? schema.drift.fields_max - schema.fields.size() : 0;
  const size_t in_hour = schema.drift.per_hour > recent ? schema.drift.per_hour - recent : 0;
  if (in_all <= in_hour) return {in_all, schema.drift.fields_max, false};
  return {in_hour, schema.drift.per_hour, true};
}

}  // namespace anabranch::ingest
