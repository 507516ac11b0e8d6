// A target made of bytes, and layouts made of a table.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "bytes.h"
#include "image/layout.h"
#include "target/elf_file.h"
#include "target/target.h"

namespace parked::image {

class FakeTarget : public target::Target {
 public:
  /// Puts bytes into its memory.
  void map(Addr address, Bytes bytes, bool writable = true) {
    const Bytes& kept = kept_.emplace_back(std::move(bytes));
    memory_.add({.start = address,
                 .end = address + kept.size(),
                 .mapped = kept.data(),
                 .writable = writable});
  }
  /// Gives it an executable and maps its segments.
  void setExecutable(std::shared_ptr<const target::ElfFile> file) {
    executable_ = std::move(file);
    for (const auto& segment : executable_->segments()) {
      if (segment.type != PT_LOAD) continue;
      memory_.add({.start = segment.address,
                   .end = segment.address + segment.bytes.size(),
                   .mapped = segment.bytes.data(),
                   .writable = (segment.flags & PF_W) != 0,
                   .fromExecutable = true});
    }
  }
  void setExecutable(Bytes bytes) {
    setExecutable(*target::ElfFile::fromBytes(kept_.emplace_back(std::move(bytes)), "program"));
  }

 private:
  std::deque<Bytes> kept_;
};

/// Layouts from a table.
class FakeLayouts : public LayoutSource {
 public:
  StructLayout& add(std::string name, std::uint32_t size) {
    StructLayout& layout = structs_[name];
    layout.name = std::move(name);
    layout.size = size;
    return layout;
  }
  void setConstant(const std::string& name, std::int64_t value) { constants_[name] = value; }

  const StructLayout* find(std::string_view type) override {
    const auto it = structs_.find(type);
    return it != structs_.end() ? &it->second : nullptr;
  }
  bool constant(std::string_view name, std::int64_t& value) override {
    const auto it = constants_.find(name);
    if (it != constants_.end()) value = it->second;
    return it != constants_.end();
  }
  std::string origin() const override { return "table"; }

 private:
  std::map<std::string, StructLayout, std::less<>> structs_;
  std::map<std::string, std::int64_t, std::less<>> constants_;
};

}  // namespace parked::image
