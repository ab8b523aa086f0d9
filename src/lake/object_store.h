#pragma once
// The port of the slot "lake": objects with names, as a folder or a blob container keeps them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

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
/// Every adapter passes object_store_contract.h.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Creates the object; durable when it returns. conflict: the key is taken, nothing changed; of many
  /// writers one wins. unknown_outcome: it may be there, now or a little later: look before doing anything
  /// else. After any other error it is not there.
  virtual Status put_if_absent(const std::string& key, std::string_view bytes) = 0;

  /// not_found when there is no such object.
  virtual Result<std::string> get(const std::string& key) = 0;

  /// All objects whose key begins with the prefix (which may be empty, or end anywhere), sorted by key. Sees
  /// every object whose creation returned before; folders and unfinished objects are left out.
  virtual Result<std::vector<ObjectInfo>> list(const std::string& prefix) = 0;

  /// Durable when it returns. Removing what is not there does nothing.
  virtual Status remove(const std::string& key) = 0;

  /// Where engines open the object themselves: a path, or a URL that they know. Data files are written there
  /// between prepare() and make_durable(), and never changed afterwards.
  virtual std::string local_path(const std::string& key) const = 0;

  /// Makes a place for an object that an engine is about to write.
  virtual Status prepare(const std::string& key) = 0;

  /// Somebody has taken all objects below this prefix away, with the places that prepare() made for them.
  virtual void forget(const std::string& /*prefix*/) {}

  /// When it returns, the object and its name are durable, whoever wrote it; gives its size in bytes.
  /// not_found when it is not there.
  virtual Result<int64_t> make_durable(const std::string& key) = 0;
};

/// bad_input unless it is a key.
Status check_key(std::string_view key);

}  // namespace anabranch::lake
