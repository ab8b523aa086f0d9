#pragma once
// The port of the slot "lake": objects with names, as a folder or a blob container keeps them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/object_files.h"

namespace anabranch::lake {

struct ObjectInfo {
  std::string key;
  int64_t size = 0;  // bytes
  bool operator==(const ObjectInfo&) const = default;
};

/// Objects under keys such as "lake/manifests/00000000000000000001.json": parts with '/' between them, none
/// of them empty, "." or ".."; what ends in ".tmp" is the adapter's own. bad_input names a key that is none.
///
/// Owner: the application; outlives whatever holds a reference. Any thread may call, any number of programs
/// may use the same objects. An object is there whole or not at all. Errors name the key or its path.
/// Engines read and write objects through the part of it that io::ObjectFiles is (see sql/object_urls.h):
/// open, create, remove. A key that has been written is not written again, but for drafts that nobody names.
/// Every adapter passes object_store_contract.h.
class ObjectStore : public io::ObjectFiles {
 public:
  /// Creates the object; durable when it returns. conflict: the key is taken, nothing changed; of many
  /// writers one wins. unknown_outcome: it may be there, now or a little later: look before doing anything
  /// else. After any other error it is not there.
  virtual Status put_if_absent(const std::string& key, std::string_view bytes) = 0;

  /// not_found when there is no such object.
  virtual Result<std::string> get(const std::string& key) = 0;

  /// All objects whose key begins with the prefix (which may be empty, or end anywhere), sorted by key. Sees
  /// every object whose creation returned before; folders and unfinished objects are left out.
  virtual Result<std::vector<ObjectInfo>> list(const std::string& prefix) = 0;

  /// Takes a file of this machine in as an object, as create() and finish() would; then the file is gone.
  /// After an error it may be there still. Here: by its bytes.
  virtual Status adopt(const std::string& key, const io::Path& file);

  /// The object's own file, where each object is one: for those that check this port's work and may not
  /// depend on it. Nothing where they are none.
  virtual std::optional<io::Path> file_of(const std::string& /*key*/) const { return std::nullopt; }

  /// Somebody has taken all objects below this prefix away, with the places where they lay.
  virtual void forget(const std::string& /*prefix*/) {}

  /// When it returns, the object and its name are durable, whoever wrote it; gives its size in bytes.
  /// not_found when it is not there.
  virtual Result<int64_t> make_durable(const std::string& key) = 0;
};

/// bad_input unless it is a key.
Status check_key(std::string_view key);

}  // namespace anabranch::lake
