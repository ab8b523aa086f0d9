#include "ingest/schema_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/type_widening.h"

namespace anabranch::ingest {
namespace {

using Kind = FieldChange::Kind;
using model::Field;

std::string_view verb_of(Kind kind) {
  switch (kind) {
    case Kind::added:
      return "is added";
    case Kind::restored:
      return "is declared again, with what events brought before it was dropped";
    case Kind::renamed:
      return "is renamed";
    case Kind::widened:
      return "is widened";
    case Kind::dropped:
      return "is dropped";
    case Kind::no_longer_required:
      return "is no longer required";
    case Kind::required:
      return "is required from now on";
    case Kind::described:
      return "is described otherwise";
    case Kind::incompatible:
      return "cannot be changed so";
  }
  return "";
}

class Planner {
 public:
  Planner(const model::Schema* latest, const model::Schema& declared) : declared_(declared) {
    if (latest != nullptr) before_ = *latest;
    plan_.next = before_;
    is_kept_.resize(before_.fields.size());
  }

  SchemaPlan run() {
    plan_.next.on_drift = declared_.on_drift;
    plan_.next.drift = declared_.drift;
    std::vector<size_t> new_ones;
    // Those that are there first: what they are called is not free for others.
    for (size_t i = 0; i < declared_.fields.size(); ++i) {
      if (!take_known(i)) new_ones.push_back(i);
    }
    drop_undeclared();
    for (const size_t i : new_ones) take_new(i);
    plan_.is_new = before_.version == 0 || plan_.next != before_;
    if (plan_.is_new) ++plan_.next.version;
    return std::move(plan_);
  }

 private:
  void note(Kind kind, size_t declared_at, std::string detail, std::string hint = {}) {
    plan_.changes.push_back(
        {kind, declared_.fields[declared_at].name, std::move(detail), std::move(hint), declared_at});
  }

  std::optional<size_t> earlier(const Field& field) const {
    for (const std::string& name : field.was) {
      const auto at = before_.find(name);
      if (at && !declared_.find(name)) return at;
    }
    // Written back: 'page' is declared again, and 'url' (was page) is not.
    if (before_.find(field.name)) return std::nullopt;
    for (size_t at = 0; at < before_.fields.size(); ++at) {
      const Field& known = before_.fields[at];
      if (known.is_declared() && !declared_.find(known.name) &&
          std::find(known.was.begin(), known.was.end(), field.name) != known.was.end())
        return at;
    }
    return std::nullopt;
  }

  // A field that the version before has, under its name or an earlier one.
  bool take_known(size_t i) {
    const Field& field = declared_.fields[i];
    const auto same = before_.find(field.name);
    const auto renamed = earlier(field);
    if (same && renamed) {
      is_kept_[*same] = is_kept_[*renamed] = 1;
      const std::string& old = before_.fields[*renamed].name;
      note(Kind::incompatible, i,
           fmt::format("{} and {} are both fields already, and events have values in each", old, field.name),
           fmt::format("declare both without 'was', and read coalesce({}, {}) in a model", field.name, old));
      return true;
    }
    const auto at = same ? same : renamed;
    if (!at) return false;
    is_kept_[*at] = 1;
    const Field& known = before_.fields[*at];
    if (renamed) note(Kind::renamed, i, "was " + known.name);
    if (change_type(i, known)) become(plan_.next.fields[*at], i, known);
    return true;
  }

  bool change_type(size_t i, const Field& known) {
    const Field& field = declared_.fields[i];
    if (field.type == known.type) return true;
    const std::string change = fmt::format("{} to {}", known.type.to_sql(), field.type.to_sql());
    if (model::widens(known.type, field.type)) {
      note(Kind::widened, i, change);
      return true;
    }
    const std::string wider = model::wider_types(known.type);
    note(Kind::incompatible, i,
         fmt::format("its type would go from {}, and values that events have already may not fit", change),
         fmt::format("keep {} and cast in a model{}, or add a field with another name", known.type.to_sql(),
                     wider.empty() ? std::string() : fmt::format("; or widen it ({})", wider)));
    return false;
  }

  // The declared field in the place of the one that was.
  void become(Field& next, size_t i, const Field& known) {
    const Field& field = declared_.fields[i];
    next = field;
    next.stored_as = known.stored_name() == field.name ? std::string() : known.stored_name();
    if (known.required && !field.required) note(Kind::no_longer_required, i, "");
    if (!known.required && field.required)
      note(Kind::required, i, "events without it go to quarantine; those that are there keep their NULL");
    const bool is_same_name = known.name == field.name;
    if (is_same_name && (known.description != field.description || known.was != field.was))
      note(Kind::described, i, "");
  }

  void drop_undeclared() {
    std::vector<Field> kept;
    for (size_t i = 0; i < before_.fields.size(); ++i) {
      if (is_kept_[i] || !before_.fields[i].is_declared()) {
        kept.push_back(plan_.next.fields[i]);
        continue;
      }
      plan_.next.dropped.push_back(before_.fields[i]);
      plan_.changes.push_back(
          {Kind::dropped,
           before_.fields[i].name,
           "what events brought stays in the log and in lake/bronze; views cannot read it",
           {},
           std::nullopt});
    }
    plan_.next.fields = std::move(kept);
  }

  // One that was dropped comes back with its column; the others get one of their own.
  void take_new(size_t i) {
    Field field = declared_.fields[i];
    std::vector<Field>& dropped = plan_.next.dropped;
    const auto found = last_dropped(field);
    if (found == dropped.rend()) {
      note(Kind::added, i, field.type.to_sql());
      plan_.next.add(std::move(field));
      return;
    }
    if (!change_type(i, *found)) return;
    note(Kind::restored, i, found->name == field.name ? "" : "was " + found->name);
    const std::string column = found->stored_name();
    field.stored_as = column == field.name ? std::string() : column;
    dropped.erase(std::next(found).base());
    plan_.next.fields.push_back(std::move(field));
  }

  // The one that was dropped last of those with its name, or else with a name that it had.
  std::vector<Field>::reverse_iterator last_dropped(const Field& field) {
    std::vector<Field>& dropped = plan_.next.dropped;
    auto found = std::find_if(dropped.rbegin(), dropped.rend(),
                              [&](const Field& each) { return each.name == field.name; });
    for (size_t i = 0; found == dropped.rend() && i < field.was.size(); ++i) {
      found = std::find_if(dropped.rbegin(), dropped.rend(),
                           [&](const Field& each) { return each.name == field.was[i]; });
    }
    return found;
  }

  const model::Schema& declared_;
  model::Schema before_;
  SchemaPlan plan_;
  std::vector<uint8_t> is_kept_;  // of the fields before
};

}  // namespace

std::string FieldChange::describe() const {
  std::string text = fmt::format("{} {}", field, verb_of(kind));
  if (!detail.empty()) text += fmt::format(" ({})", detail);
  return text;
}

bool SchemaPlan::is_compatible() const {
  return std::none_of(changes.begin(), changes.end(),
                      [](const FieldChange& change) { return change.kind == Kind::incompatible; });
}

Status SchemaPlan::check(std::string_view stream) const {
  std::string message;
  std::string hint;
  for (const FieldChange& change : changes) {
    if (change.kind != Kind::incompatible) continue;
    message += fmt::format("{}field {} of stream {}: {}", message.empty() ? "" : "; ", change.field, stream,
                           change.detail);
    if (hint.empty()) hint = change.hint;
  }
  if (message.empty()) return {};
  return fail(Code::bad_input, std::move(message), std::move(hint));
}

SchemaPlan plan_schema(const model::Schema* latest, const model::Schema& declared) {
  return Planner(latest, declared).run();
}

bool reads_alike(const model::Schema& pinned, const model::Schema& latest) {
  return std::all_of(pinned.fields.begin(), pinned.fields.end(), [&](const Field& field) {
    const auto now = latest.find(field.name);
    return now && latest.fields[*now].type == field.type &&
           latest.fields[*now].stored_name() == field.stored_name();
  });
}

}  // namespace anabranch::ingest
