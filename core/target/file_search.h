// Where the files of a target may be when they are not where it says: below another root, or
// anywhere, told by their build ids.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "target/elf_file.h"
#include "target/overlay.h"
#include "target/target.h"

namespace parked::target {

class FileSearch {
 public:
  static constexpr std::size_t kMostFiles = 100'000;  ///< that are looked at for a Go build id

  explicit FileSearch(SearchPlaces places) : places_(std::move(places)) {}

  const SearchPlaces& places() const { return places_; }
  /// The path below each root, then the path itself.
  std::vector<std::string> pathsOf(const std::string& path) const;
  /// A file with one of these build ids; `shownAs` as ElfFile::open() has it. Errors: notFound,
  /// with what was looked for and where.
  Result<std::shared_ptr<const ElfFile>> byId(const BuildIds& ids, const std::string& shownAs);

 private:
  std::optional<std::string> inFolders(const BuildIds& ids);
  void index();

  SearchPlaces places_;
  bool indexed_ = false;
  std::unordered_map<std::string, std::string> known_;  ///< paths by "go ID" and "gnu ID"
};

/// Whether the file is the one whose build ids these are; nothing to compare counts as that.
bool hasIds(const ElfFile& file, const BuildIds& ids);

}  // namespace parked::target
