#include "target/target.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "target/core_writer.h"
#include "target/elf_file.h"
#include "target/go_files.h"
#include "target/overlay.h"
#include "target/printable.h"

namespace parked::target {
namespace {

std::string names(const std::vector<GoFile>& files) {
  std::string text;
  for (const GoFile& file : files) text += (text.empty() ? "" : ", ") + printable(file.path);
  return text;
}

}  // namespace

std::optional<Incomplete> Target::changed() const {
  std::string how = executable_ == nullptr ? std::string() : executable_->changed();
  if (!how.empty()) return Incomplete{"executable", "it " + std::move(how), 1, 0};
  for (const std::vector<GoFile>* files : {&runtimes_, &plugins_}) {
    for (const GoFile& each : *files) {
      how = each.file == nullptr ? std::string() : each.file->changed();
      if (!how.empty()) return Incomplete{"library " + printable(each.path), "it " + how, 1, 0};
    }
  }
  return std::nullopt;
}

std::map<std::string, Addr, std::less<>> Target::ownVariables() const {
  std::map<std::string, Addr, std::less<>> own;
  for (const auto& [key, address] : variables_) {
    if (key.first == linkBase(*executable_) + bias_) own.emplace(key.second, address);
  }
  return own;
}

Sockets Target::sockets(const std::unordered_set<std::uint64_t>& /*wanted*/) const { return {}; }
std::vector<CoreNote> Target::coreNotes() const { return {}; }
std::vector<CoreSegment> Target::fileHeaders() const { return {}; }

std::string Target::mappedPath(Addr address) const {
  const auto covers = [address](const Mapping& mapping) {
    return mapping.start <= address && address < mapping.end;
  };
  const auto found = std::ranges::find_if(mappings_, covers);
  return found == mappings_.end() ? std::string() : withoutDeleted(found->path);
}

Result<void> Target::chooseRuntime(const std::shared_ptr<const ElfFile>& program,
                                   std::uint64_t bias, const std::string& programPath,
                                   GoFiles files, const std::string& module) {
  unknownFiles_ = std::move(files.unknown);
  const bool isGo = program != nullptr && !goBuildInfo(*program).empty();
  const std::string own = program == nullptr ? "" : mappedPath(linkBase(*program) + bias);
  if (isGo) {
    runtimes_.push_back({own.empty() ? program->path() : own, program, bias, false, {}});
  }
  for (GoFile& file : files.found) {
    (file.plugin ? plugins_ : runtimes_).push_back(std::move(file));
  }
  // Addresses change from run to run.
  std::sort(runtimes_.begin() + (isGo ? 1 : 0), runtimes_.end(),
            [](const GoFile& a, const GoFile& b) { return a.path < b.path; });
  const auto chosen = std::ranges::find_if(runtimes_, [&](const GoFile& file) {
    return module.empty() ? file.file != nullptr : namesFile(module, file.path);
  });
  if (chosen == runtimes_.end() && !module.empty()) {
    return fail(ErrorCode::notFound,
                runtimes_.empty()
                    ? fmt::format("there is no Go runtime in {}", printable(description_))
                    : fmt::format("there is no Go runtime '{}' in {}, but {}", printable(module),
                                  printable(description_), names(runtimes_)));
  }
  const GoFile* missing = chosen != runtimes_.end() ? &*chosen
                          : runtimes_.empty()       ? nullptr
                                                    : &runtimes_.front();
  if (missing != nullptr && missing->file == nullptr) {
    return fail(ErrorCode::notFound,
                fmt::format("the Go code of {} is in {}: {}", printable(description_),
                            printable(missing->path), missing->problem));
  }
  executable_ = missing != nullptr ? missing->file : program;
  bias_ = missing != nullptr ? missing->bias : bias;
  if (executable_ == nullptr) return fail(ErrorCode::notFound, "its program is not known");
  const std::string chosenPath = mappedPath(linkBase(*executable_) + bias_);
  if (!chosenPath.empty() && chosenPath != withoutDeleted(programPath)) {
    program_ = withoutDeleted(programPath);
  }
  return {};
}

void Target::overlayFiles() {
  overlayExecutable(memory_, *executable_, bias_);
  for (const std::vector<GoFile>* files : {&runtimes_, &plugins_}) {
    for (const GoFile& each : *files) {
      if (each.file != nullptr) overlayExecutable(memory_, *each.file, each.bias);
    }
  }
}

}  // namespace parked::target
