#pragma once
// The calls of the ports by their names on the link, with what each is asked and answers. Both sides use
// these, so that they cannot differ. Files of this folder include it, and nobody else.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "front/remote/port_fields.h"

namespace anabranch::front::remote {

/// void: it answers with success alone.
template <typename Answer, typename... Arguments>
struct Method {
  std::string_view name;
};

namespace methods {

using security::Caller;
using Names = std::vector<std::string>;

// ---- Builds ----
inline constexpr Method<std::vector<ModelInfo>, Caller> models{"builds.models"};
inline constexpr Method<std::vector<RunningTask>, Caller> tasks{"builds.tasks"};
inline constexpr Method<std::vector<Fault>, Caller> faults{"builds.faults"};
inline constexpr Method<std::optional<PublishedBuild>, Caller> published_build{"builds.published_build"};
inline constexpr Method<std::vector<catalog::BuildRun>, Caller, size_t> builds{"builds.builds"};
inline constexpr Method<std::vector<std::pair<std::string, catalog::BuildState>>, size_t> states{
    "builds.states"};
inline constexpr Method<std::map<std::string, LastVerdict>, Caller> last_verdicts{"builds.last_verdicts"};
inline constexpr Method<Storage> storage{"builds.storage"};
inline constexpr Method<std::optional<RunningBuild>> running_build{"builds.running_build"};
inline constexpr Method<std::optional<int64_t>> published_at_us{"builds.published_at_us"};
inline constexpr Method<Names, Caller, bool> changed_files{"builds.changed_files"};
inline constexpr Method<std::string, Caller, Names, std::string> build{"builds.build"};
inline constexpr Method<ProjectPlan, Caller, ApplyRequest> apply{"builds.apply"};
inline constexpr Method<ProjectDiff, Caller, DiffRequest> diff{"builds.diff"};
inline constexpr Method<ProjectDrop, Caller, DropRequest> drop{"builds.drop"};
/// The last one: whether its progress is wanted, which comes in frames.
inline constexpr Method<std::vector<quality::Verdict>, Caller, quality::Verifier::Request, bool> verify{
    "builds.verify"};
inline constexpr Method<void, Caller, std::string> cancel{"builds.cancel"};
inline constexpr Method<void, Caller, Names> may_build{"builds.may_build"};
inline constexpr Method<void, Caller, Names> may_verify{"builds.may_verify"};
inline constexpr Method<void, Caller, ApplyRequest> may_apply{"builds.may_apply"};
inline constexpr Method<void, Caller, DropRequest> may_drop{"builds.may_drop"};
inline constexpr Method<std::optional<catalog::KeyedAnswer>, std::string, std::string> keyed_answer{
    "builds.keyed_answer"};
inline constexpr Method<void, catalog::KeyedAnswer> keep_keyed_answer{"builds.keep_keyed_answer"};

// ---- TableCopies ----
inline constexpr Method<std::vector<TableInfo>, Caller> tables{"tables.tables"};
inline constexpr Method<std::vector<TableCopied>, Caller, Names> copy{"tables.copy"};
inline constexpr Method<void, Caller, Names> may_copy{"tables.may_copy"};

// ---- Reads: the first frame of rows is their head, the others are pieces (row_pieces.h) ----
inline constexpr Method<serve::RowsEnd, serve::QueryRead> query{"reads.query"};
inline constexpr Method<serve::RowsEnd, serve::ViewRead> rows{"reads.rows"};
inline constexpr Method<Names, Caller> view_names{"reads.view_names"};
inline constexpr Method<std::vector<serve::ViewRecord>, Caller> views{"reads.views"};
inline constexpr Method<serve::ViewDetail, Caller, std::string> view{"reads.view"};
inline constexpr Method<serve::ViewErrors, Caller, std::string, size_t> errors{"reads.errors"};
inline constexpr Method<serve::ReadState> state{"reads.state"};

}  // namespace methods

}  // namespace anabranch::front::remote
