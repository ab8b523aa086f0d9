#include "lake/delta_log_folder.h"

#include <optional>

#include <fmt/format.h>

#include "lake/delta_checkpoint.h"

namespace anabranch::lake {
namespace {

// The version of a commit's file; nothing for other names.
std::optional<int64_t> version_of(std::string_view name) {
  constexpr size_t digits = 20;
  if (name.size() != digits + 5 || !name.ends_with(".json")) return std::nullopt;
  int64_t version = 0;
  for (const char c : name.substr(0, digits)) {
    if (c < '0' || c > '9' || version > (INT64_MAX - 9) / 10) return std::nullopt;
    version = version * 10 + (c - '0');
  }
  return version;
}

}  // namespace

Result<LogFolder> list_log(ObjectStore& store, const std::string& table) {
  const std::string folder = table + "/_delta_log/";
  LogFolder log;
  for (const ObjectInfo& object : TRY(store.list(folder))) {
    const std::string_view name = std::string_view(object.key).substr(folder.size());
    if (const auto commit = version_of(name)) {
      log.commits.insert(*commit);
    } else if (const auto checkpoint = parse_checkpoint_name(name)) {
      auto& parts = log.checkpoints[checkpoint->version];
      if (parts.parts != checkpoint->parts && parts.is_whole()) continue;
      if (parts.parts != checkpoint->parts) parts = {checkpoint->parts, {}};
      parts.keys.push_back(object.key);
    } else if (name == checkpoint_draft_name) {
      log.drafts.push_back(object.key);
    } else if (name.find(".checkpoint.") != name.npos) {
      log.has_other_checkpoints = true;
    } else if (const auto version = version_of(fmt::format("{}.json", name.substr(0, name.find('.'))))) {
      log.others[*version].push_back(object.key);
    }
  }
  return log;
}

}  // namespace anabranch::lake
