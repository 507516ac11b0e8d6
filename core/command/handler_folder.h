// The folder of `parked handler`: its log, and how many work in it at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "target/file_descriptor.h"

namespace parked::command {

/// Makes the folder if it is not there. An error if it cannot be written to, or if others than its
/// owner can: they could have files of root written elsewhere.
Result<void> prepareHandlerFolder(const std::string& folder);

/// The right to work; free again with the object, whoever is killed.
class Slot {
 public:
  /// nullopt: `atOnce` others work already.
  static Result<std::optional<Slot>> take(const std::string& folder, std::uint64_t atOnce);

 private:
  explicit Slot(target::FileDescriptor file) : file_(std::move(file)) {}
  target::FileDescriptor file_;
};

/// Appends a line, with the time in front, to handler.log, which is begun anew when it has become
/// long; the one before stays as handler.log.1. Whoever cannot write there has nobody to tell.
void logLine(const std::string& folder, std::string_view text);

}  // namespace parked::command
