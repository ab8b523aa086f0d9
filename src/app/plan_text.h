#pragma once
// What would change, or differs, for people: of documents of /v1/apply and /v1/diff.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace anabranch::app {

/// A line for each change, for a terminal.
std::string changes_text(const nlohmann::json& changes);
/// "2 views computed anew, 60 events to go through, about 2 s"; empty when nothing is computed.
std::string cost_text(const nlohmann::json& plan);

/// The whole of a diff, for a terminal. `before`: what it is compared with, "main".
std::string diff_text(const nlohmann::json& diff, const std::string& before);
/// The same as Markdown, for a comment on a pull request: at most as long as one may be.
std::string diff_markdown(const nlohmann::json& diff, const std::string& before);

}  // namespace anabranch::app
