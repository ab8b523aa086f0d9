#pragma once
// ${env:NAME} and ${secret:NAME} in the values of a project's files.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "project/problem.h"
#include "project/yaml_node.h"

namespace anabranch::project {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// That of this process.
std::optional<std::string> process_environment(const std::string& name);

/// Puts variables into all values of a tree: `${env:NAME}`, and `${env:NAME:-text}` for a text where there is
/// no such variable, or an empty one. `$${` stands for `${`. Keys stay as they are, and what a variable holds
/// is never read as YAML: it is one value, or a part of one. Reports a variable that is not set, and braces
/// that are not closed.
/// `${secret:NAME}` stays as it is and is noted in the node. It may stand in values of `secret_keys`, and in
/// lists that are such values: they are used and never shown. Anywhere else it is reported.
void put_in_environment(YamlNode& root, const Environment& environment, Problems& problems,
                        const std::vector<std::string>& secret_keys = {});

/// The variables that a text names, if it is one of a project's files.
std::set<std::string> environment_names(std::string_view text);

}  // namespace anabranch::project
