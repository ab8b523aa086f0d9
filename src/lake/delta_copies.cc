#include "lake/delta_copies.h"

#include <fmt/format.h>

#include "lake/delta_table.h"
#include "lake/durable.h"

namespace anabranch::lake {
namespace {

Status write_copy(ObjectStore& store, const ViewBuild& view, io::Clock& clock) {
  const DeltaCopy& copy = *view.delta;
  auto table = TRY(DeltaTable::open(store, copy.table, clock));
  const DeltaTxn txn{fmt::format("anabranch/{}", view.view), static_cast<int64_t>(copy.manifest)};
  TRY(table->replace(copy.columns, copy.files, txn));
  return {};
}

}  // namespace

Status write_delta_copies(ObjectStore& store, const Manifest& manifest, io::Clock& clock) {
  std::vector<const ViewBuild*> views;
  for (const auto& [name, view] : manifest.views) {
    if (view.delta) views.push_back(&view);
  }
  // Each table is one of its own: no order among them is promised to anybody.
  auto outcomes = do_together(views.size(), [&](size_t i) { return write_copy(store, *views[i], clock); });
  for (size_t i = 0; i < views.size(); ++i) {
    if (!outcomes[i])
      return in_context(std::move(outcomes[i]), fmt::format("the Delta copy of {}", views[i]->view));
  }
  return {};
}

}  // namespace anabranch::lake
