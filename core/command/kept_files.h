// A folder in which a report and a dump are kept of processes that died, or were about to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "command/dumping.h"

namespace parked::command {

/// What is kept of one moment of a process: NAME.PID.TIME.core, .report.json and .report.txt.
struct KeptName {
  std::string name;
  std::int32_t pid = 0;
  std::string time;  ///< "20261130T214505Z"

  /// Without an ending. `seconds` since 1970; the name is made one for files.
  static KeptName of(std::string_view name, std::int32_t pid, std::int64_t seconds);
  /// Of a file's name; nullopt if it is none of these files.
  static std::optional<KeptName> from(std::string_view file);
  std::string text() const;  ///< "service.1234.20261130T214505Z"
};

/// How many moments are kept, and how many bytes in all of them; 0: no bound. The newest always is.
struct KeptBounds {
  std::uint64_t moments = 0;
  std::uint64_t bytes = 0;
};

/// Makes the folder, for its owner alone, if it is not there. An error if it cannot be written to.
Result<void> prepareFolder(const std::string& folder);

/// Removes the files of the oldest moments, and no other file. With `like`, only those of its name
/// and process count.
void removeOldest(const std::string& folder, const KeptBounds& bounds,
                  const KeptName* like = nullptr);

/// The files of a moment that are there now; those that are not are "".
struct KeptMoment {
  std::string core, json, text;
  std::vector<std::string> problems;  ///< a line for each file that is not there, or not whole
  std::optional<Error> unread;        ///< the target could not be read at all: there is nothing
  bool incomplete = false;            ///< the reports say that something is missing
  std::vector<std::string> files() const;
  /// "kept FILE, FILE", or "kept nothing".
  std::string said() const;
};

/// Reads the target and writes a core and reports of it, each under its name when all of it is
/// written, for their owner alone. Reports have what could be read where that is too little for a
/// dump.
/// `source`: with lines of the program's source, of files that it names.
KeptMoment keepMoment(Dumping& dumping, const std::string& folder, const KeptName& name,
                      bool source);

}  // namespace parked::command
