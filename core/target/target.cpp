#include "target/target.h"

#include "target/elf_file.h"

namespace parked::target {

std::optional<Incomplete> Target::changed() const {
  std::string how = executable_ == nullptr ? std::string() : executable_->changed();
  if (how.empty()) return std::nullopt;
  return Incomplete{"executable", "it " + std::move(how), 1, 0};
}

}  // namespace parked::target
