#pragma once
// What tests read from a running platform.

#include <string>

#include <fmt/format.h>

#include "app/platform.h"
#include "tests/support/plain_engine.h"

namespace anabranch::test {

/// All rows of a view, as sorted_rows() writes those of the plain engine, through the platform's own read.
inline std::string platform_rows(app::Platform& platform, const std::string& view) {
  std::string text;
  const Status read = platform.queries().in_snapshot(
      {}, [&](sql::Session& session, const serve::QueryService::Snapshot& snapshot) -> Status {
        const auto bound = TRY(platform.queries().bound_query(session, "SELECT * FROM " + view, snapshot));
        text = sorted_rows(session, bound);
        return {};
      });
  return read ? text : read.error().describe();
}

/// The first rows in which a verdict's sides differ.
inline std::string describe_differences(const quality::Verdict& verdict) {
  std::string text = verdict.note;
  for (const auto& difference : verdict.differences) {
    for (const auto& [side, name] :
         {std::pair{&difference.expected, "expected"}, std::pair{&difference.actual, "actual"}}) {
      text += fmt::format("\n  {}:", name);
      if (!side->has_value()) text += " no row";
      if (side->has_value()) {
        for (const auto& value : **side) text += " " + value.value_or("NULL");
      }
    }
  }
  return text;
}

}  // namespace anabranch::test
