#include "lake/delta_copies.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "lake/durable.h"

namespace anabranch::lake {

Result<DeltaTable*> DeltaCopies::open(const std::string& key) {
  {
    Lock lock(mutex_);
    if (const auto known = tables_.find(key); known != tables_.end()) return known->second.get();
  }
  auto table = TRY(DeltaTable::open(store_, key, clock_));
  Lock lock(mutex_);
  return tables_.try_emplace(key, std::move(table)).first->second.get();
}

Status DeltaCopies::write_one(const ViewBuild& view) {
  const DeltaCopy& copy = *view.delta;
  const DeltaTxn txn{fmt::format("anabranch/{}", view.view), static_cast<int64_t>(copy.manifest)};
  bool is_open = false;
  {
    Lock lock(mutex_);
    is_open = tables_.contains(copy.table);
  }
  // Most views of a start: nothing more is read of their tables.
  if (!is_open && TRY(DeltaTable::newest_commit_is(store_, copy.table, txn))) return {};
  TRY(TRY(open(copy.table))->replace(copy.columns, copy.files, txn));
  return {};
}

Status DeltaCopies::write(const Manifest& manifest) {
  std::vector<const ViewBuild*> views;
  for (const auto& [name, view] : manifest.views) {
    if (view.delta) views.push_back(&view);
  }
  // Each table is one of its own: no order among them is promised to anybody.
  auto outcomes = do_together(views.size(), [&](size_t i) { return write_one(*views[i]); });
  for (size_t i = 0; i < views.size(); ++i) {
    if (!outcomes[i])
      return in_context(std::move(outcomes[i]), fmt::format("the Delta copy of {}", views[i]->view));
  }
  return {};
}

Status DeltaCopies::tidy(const Manifest& manifest, const std::vector<Manifest>& kept,
                         int64_t removed_after_ms) {
  std::map<std::string, std::set<std::string>> used;  // by table
  const auto add = [&](const Manifest& named) {
    for (const auto& [name, view] : named.views) {
      if (!view.delta) continue;
      for (const DataFile& file : view.delta->files) used[view.delta->table].insert(file.path);
    }
  };
  for (const Manifest& older : kept) add(older);
  add(manifest);
  std::vector<std::string> tables;
  for (const auto& [name, view] : manifest.views) {
    if (view.delta) tables.push_back(view.delta->table);
  }
  auto outcomes = do_together(tables.size(), [&](size_t i) -> Status {
    DeltaTable::Keep keep;
    keep.removed_after_ms = removed_after_ms;
    keep.is_used = [&used = used.at(tables[i])](const std::string& path) { return used.contains(path); };
    keep.is_ours = is_data_file_of_ours;
    TRY(TRY(open(tables[i]))->tidy(keep));
    return {};
  });
  for (size_t i = 0; i < tables.size(); ++i) {
    if (!outcomes[i]) return in_context(std::move(outcomes[i]), tables[i]);
  }
  return {};
}

}  // namespace anabranch::lake
