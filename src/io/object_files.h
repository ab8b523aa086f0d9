#pragma once
// Objects as files: what an engine needs of a store to read and write them itself.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace anabranch::io {

/// An object that is open: its bytes stay what they are. Any number of threads at a time.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  /// In bytes.
  virtual uint64_t size() const = 0;
  /// Tells this object from another that has, or had, the same key: who keeps bytes of the one asks by it.
  /// Never empty.
  virtual std::string version() const = 0;
  /// Whether a small read costs little (a disk of this machine): then nobody need read ahead or keep copies.
  virtual bool is_near() const = 0;
  /// Fills all of `into` with the bytes from `position`. corrupt where the object ends before.
  virtual Status read(uint64_t position, std::span<char> into) const = 0;
};

/// An object that is being written, from its beginning to its end. One thread at a time. Without finish(),
/// nothing of it is ever there.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status append(std::string_view bytes) = 0;
  /// Once, at last: when it returns, the object is there, whole, in place of one that had its key; not
  /// durable yet. After an error it is not there.
  virtual Status finish() = 0;
};

/// Where objects are, by key. Any thread. Errors name the key or its path.
class ObjectFiles {
 public:
  virtual ~ObjectFiles() = default;
  /// not_found when there is no such object.
  virtual Result<std::unique_ptr<ObjectReader>> open(const std::string& key) = 0;
  virtual Result<std::unique_ptr<ObjectWriter>> create(const std::string& key) = 0;
  /// Durable when it returns. Removing what is not there does nothing.
  virtual Status remove(const std::string& key) = 0;
};

/// A file of this machine as an object. What replaces it later under its name is another one.
Result<std::unique_ptr<ObjectReader>> open_object_file(const Path& path);

}  // namespace anabranch::io
