#include "lake/delta_copies.h"

#include <fmt/format.h>

#include "lake/delta_table.h"

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
  Status outcome;
  for (const auto& [name, view] : manifest.views) {
    if (!view.delta) continue;
    Status written = write_copy(store, view, clock);
    if (!written && outcome)
      outcome = in_context(std::move(written), fmt::format("the Delta copy of {}", name));
  }
  return outcome;
}

}  // namespace anabranch::lake
