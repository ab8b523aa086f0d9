#include "security/policy.h"

#include <fmt/format.h>

namespace anabranch::security {

std::string_view to_string(Right right) {
  switch (right) {
    case Right::ingest:
      return "ingest";
    case Right::build:
      return "build";
    case Right::verify:
      return "verify";
    case Right::copy:
      return "copy";
    case Right::drop:
      return "drop";
    case Right::apply:
      return "apply";
    case Right::cancel:
      return "cancel";
    case Right::read_project:
      return "read project";
  }
  return "";
}

Status Policy::check(const Caller& caller, Right right, std::string_view relation) const {
  if (allows(caller, right, relation)) return {};
  return fail(Code::refused,
              fmt::format("the right '{}' of {} is missing", to_string(right),
                          relation.empty() ? "the whole project" : relation),
              "ask who gives rights to callers for it");
}

std::shared_ptr<const Policy> allow_all() {
  static const auto everything = std::make_shared<const AllowAll>();
  return everything;
}

}  // namespace anabranch::security
