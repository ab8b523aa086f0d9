#include "lake/manifest.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/mistake.h"
#include "lake/document.h"
#include "lake/document_values.h"

namespace anabranch::lake {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr int format_version = 1;
const std::string folder = "lake/manifests/";
constexpr int put_attempts_max = 5;

std::string key_of(uint64_t number) { return folder + document_name(number); }

OrderedJson delta_json(const DeltaCopy& delta) {
  return {{"table", delta.table},
          {"manifest", delta.manifest},
          {"files", files_json(delta.files)},
          {"columns", columns_json(delta.columns)}};
}

Result<DeltaCopy> read_delta(const DocumentReader& document) {
  DeltaCopy delta;
  delta.table = TRY(document.text("table"));
  delta.manifest = static_cast<uint64_t>(TRY(document.integer("manifest")));
  delta.files = TRY(read_files(document, "files"));
  delta.columns = TRY(read_columns(document, "columns"));
  return delta;
}

OrderedJson view_json(const ViewBuild& view) {
  OrderedJson json{{"build_id", view.build_id},
                   {"plan_hash", view.plan_hash},
                   {"cutoff", offsets_json(view.cutoff)},
                   {"database_file", view.database_file},
                   {"row_files", view.row_files},
                   {"part_rows", map_json(view.part_rows)},
                   {"rows", view.rows}};
  if (view.delta) json["delta"] = delta_json(*view.delta);
  return json;
}

Result<ViewBuild> read_view(const std::string& name, const DocumentReader& document) {
  ViewBuild view;
  view.view = name;
  view.build_id = TRY(document.text("build_id"));
  view.plan_hash = TRY(document.text("plan_hash"));
  view.cutoff = TRY(read_offsets(document, "cutoff"));
  if (is_planted("the cut-off of a manifest is read one too far")) {
    for (auto& [stream, offsets] : view.cutoff) ++offsets[0];
  }
  view.database_file = TRY(document.text("database_file"));
  view.row_files = TRY(read_texts(document, "row_files"));
  view.part_rows = TRY(read_map<int64_t>(document, "part_rows"));
  view.rows = TRY(document.integer("rows"));
  if (document.find("delta") != nullptr) {
    const Json& delta = *TRY(document.object("delta"));
    view.delta = TRY(read_delta(document.below("delta", delta)));
  }
  return view;
}

Result<FailedView> read_failed(const DocumentReader& document) {
  FailedView view;
  view.build_id = TRY(document.text("build_id"));
  view.plan_hash = TRY(document.text("plan_hash"));
  view.error = TRY(document.text("error"));
  return view;
}

Status check(const Manifest& manifest) {
  for (const auto& [name, view] : manifest.views) {
    if (name != view.view)
      return fail(Code::bad_input,
                  fmt::format("the manifest has the view {} under the name {}", view.view, name));
    if (!view.delta || (view.delta->manifest >= 1 && view.delta->manifest <= manifest.number)) continue;
    return fail(Code::bad_input,
                fmt::format("the Delta copy of {} cannot come from manifest {} in manifest {}", name,
                            view.delta->manifest, manifest.number));
  }
  return {};
}

}  // namespace

Result<std::string> Manifest::to_json() const {
  OrderedJson views_json = OrderedJson::object();
  for (const auto& [name, view] : views) views_json[name] = view_json(view);
  OrderedJson document{{"number", number},
                       {"build_id", build_id},
                       {"published_at_us", published_at_us},
                       {"basis", {{"tables", map_json(basis.tables)}, {"schemas", map_json(basis.schemas)}}},
                       {"archived", offsets_json(archived)},
                       {"views", std::move(views_json)}};
  for (const auto& [name, view] : failed) {
    document["failed"][name] = {
        {"build_id", view.build_id}, {"plan_hash", view.plan_hash}, {"error", view.error}};
  }
  return seal_document(format_version, std::move(document));
}

Result<Manifest> Manifest::from_json(const std::string& file, std::string_view json) {
  const Json object = TRY(open_document(file, json, format_version));
  const DocumentReader document(object, file);
  Manifest manifest;
  manifest.number = static_cast<uint64_t>(TRY(document.integer("number")));
  manifest.build_id = TRY(document.text("build_id"));
  manifest.published_at_us = TRY(document.integer("published_at_us"));
  const Json& basis_object = *TRY(document.object("basis"));
  const DocumentReader basis = document.below("basis", basis_object);
  manifest.basis.tables = TRY(read_map<int64_t>(basis, "tables"));
  manifest.basis.schemas = TRY(read_map<uint32_t>(basis, "schemas"));
  manifest.archived = TRY(read_offsets(document, "archived"));
  for (const auto& [name, view] : TRY(document.object("views"))->items()) {
    manifest.views[name] = TRY(read_view(name, document.below("views." + name, view)));
  }
  if (document.find("failed") != nullptr) {
    for (const auto& [name, view] : TRY(document.object("failed"))->items()) {
      manifest.failed[name] = TRY(read_failed(document.below("failed." + name, view)));
    }
  }
  return manifest;
}

Result<std::optional<Manifest>> ManifestStore::latest() {
  const std::vector<uint64_t> all = TRY(numbers());
  if (all.empty()) return std::optional<Manifest>();
  Manifest newest = TRY(read(all.back()));
  Lock lock(mutex_);
  if (newest.number > durable_number_) {
    // Whoever published it may have died before its name was durable.
    TRY(store_.make_durable(key_of(newest.number)));
    durable_number_ = newest.number;
  }
  return std::optional(std::move(newest));
}

Result<std::optional<Manifest>> ManifestStore::newest_readable(std::vector<Error>& damaged) {
  auto newest = latest();
  if (newest || newest.error().code != Code::corrupt) return newest;
  damaged.push_back(std::move(newest).error());
  const std::vector<uint64_t> all = TRY(numbers());
  for (auto number = std::next(all.rbegin()); number != all.rend(); ++number) {
    auto manifest = read(*number);
    if (manifest) {
      manifest->number = all.back();
      return std::optional(std::move(*manifest));
    }
    if (manifest.error().code != Code::corrupt) return fail(std::move(manifest).error());
    damaged.push_back(std::move(manifest).error());
  }
  Manifest empty;
  empty.number = all.back();
  return std::optional(std::move(empty));
}

Result<std::vector<Manifest>> ManifestStore::history(size_t limit) {
  const std::vector<uint64_t> all = TRY(numbers());
  std::vector<Manifest> manifests;
  for (auto number = all.rbegin(); number != all.rend() && manifests.size() < limit; ++number) {
    manifests.push_back(TRY(read(*number)));
  }
  return manifests;
}

Status ManifestStore::keep_newest(size_t count) {
  const std::vector<uint64_t> all = TRY(numbers());
  for (size_t i = 0; i + std::max<size_t>(count, 1) < all.size(); ++i) TRY(store_.remove(key_of(all[i])));
  return {};
}

Status ManifestStore::publish(const Manifest& manifest) {
  TRY(check(manifest));
  const std::string text = TRY(manifest.to_json());
  const std::vector<uint64_t> all = TRY(numbers());
  const uint64_t next = all.empty() ? 1 : all.back() + 1;
  if (manifest.number > next || manifest.number == 0) {
    return fail(Code::bad_input,
                fmt::format("manifest {} cannot be published: the next one is {}", manifest.number, next));
  }
  const std::string key = key_of(manifest.number);
  Status put;
  for (int attempt = 0; attempt < put_attempts_max; ++attempt) {
    put = store_.put_if_absent(key, text);
    if (put || (put.error().code != Code::conflict && put.error().code != Code::unknown_outcome)) return put;
    // Ours from an attempt whose answer was lost, or another's?
    const auto there = store_.get(key);
    if (there && *there == text) {
      TRY(store_.make_durable(key));
      return {};
    }
    if (there) {
      return fail(Code::conflict, fmt::format("{} was published by someone else", key),
                  "read the newest manifest and build on it");
    }
    if (there.error().code != Code::not_found) {
      return fail(Code::unknown_outcome,
                  fmt::format("{} may have been published: {}", key, there.error().message),
                  "publish the same manifest again");
    }
  }
  return put;
}

Result<std::vector<uint64_t>> ManifestStore::numbers() {
  std::vector<uint64_t> all;
  for (const ObjectInfo& object : TRY(store_.list(folder))) {
    const auto number = document_number(object.key);
    if (number && object.key == key_of(*number)) all.push_back(*number);
  }
  return all;
}

Result<Manifest> ManifestStore::read(uint64_t number) {
  const std::string key = key_of(number);
  Manifest manifest = TRY(Manifest::from_json(key, TRY(store_.get(key))));
  if (manifest.number != number) {
    return fail(Code::corrupt, fmt::format("{} holds manifest {}", key, manifest.number),
                "restore the file from a backup of the data folder");
  }
  return manifest;
}

}  // namespace anabranch::lake
