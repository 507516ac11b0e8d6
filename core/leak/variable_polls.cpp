#include "leak/variable_polls.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "image/code_refs.h"
#include "image/symbol_name.h"

namespace parked::leak {

namespace {

constexpr std::uint64_t kMaxCode = 1 << 16;

std::vector<image::CodeRef> referencesOf(image::Image& image, const image::Function& function) {
  if (function.end <= function.entry) return {};
  const std::uint64_t size = std::min(function.end - function.entry, kMaxCode);
  return image::codeRefs(image.target().arch(), function.entry,
                         image.target().memory().bytesUpTo(function.entry, size));
}

bool inside(Addr from, Addr address, Addr to) { return address >= from && address < to; }

/// It is a variable without pointers.
bool isPlain(const image::Module& module, Addr address) {
  return inside(module.noptrData, address, module.noptrDataEnd) ||
         inside(module.noptrBss, address, module.noptrBssEnd);
}

}  // namespace

VariablePolls::VariablePolls(const golang::Snapshot& snapshot, const Code& code)
    : snapshot_(snapshot),
      code_(code),
      image_(*snapshot.image),
      references_(image_),
      stacks_(snapshot.stacks.size()) {}

bool VariablePolls::mayPoll(const golang::Goroutine& goroutine) {
  if (goroutine.stack >= stacks_.size()) return true;
  std::optional<bool>& known = stacks_[goroutine.stack];
  if (!known) known = ofStack(goroutine.stack);
  return *known;
}

bool VariablePolls::ofStack(golang::Index index) {
  const golang::Stack& stack = snapshot_.stacks[index];
  if (stack.truncated) return true;
  for (std::uint32_t i = 0; i < stack.count; ++i) {
    const golang::FramePc& frame = snapshot_.pcs[stack.first + i];
    const image::FuncIndex function = image_.functions().find(frame.inside());
    if (function != image::kNoFunc && isUsers(function) && ofFunction(function)) return true;
  }
  return false;
}

bool VariablePolls::isUsers(image::FuncIndex function) const {
  return ownerOfFunction(function) >= Owner::library;
}

bool VariablePolls::ofFunction(image::FuncIndex function) {
  const auto [known, isNew] = functions_.try_emplace(function, false);
  if (!isNew) return known->second;
  // Too many to say that none does count as one that does.
  const bool found =
      !references_.visitNear(function, [this](image::FuncIndex each) { return !reads(each); });
  functions_[function] = found;
  return found;
}

/// One function by itself.
bool VariablePolls::reads(image::FuncIndex function) {
  const auto [known, isNew] = own_.try_emplace(function, false);
  if (!isNew) return known->second;
  const auto references = referencesOf(image_, image_.functions().function(function));
  const bool found = std::ranges::any_of(references, [&](const image::CodeRef& reference) {
    return !reference.store && isVariable(reference.target) && mayStop(reference.target, function);
  });
  own_[function] = found;
  return found;
}

bool VariablePolls::isVariable(Addr address) const {
  return std::ranges::any_of(image_.modules(), [address](const image::Module& module) {
    return inside(module.data, address, module.dataEnd) ||
           inside(module.bss, address, module.bssEnd) || isPlain(module, address);
  });
}

/// The program's own variables; of a library's those without pointers: what it keeps of a client is
/// in the client, but there may be a switch for all. Its loggers, tables and errors stop nobody.
bool VariablePolls::mayStop(Addr address, image::FuncIndex reader) {
  const Owner owner = ownerOfVariable(address, reader);
  if (owner >= Owner::local) return true;
  return owner == Owner::library &&
         std::ranges::any_of(image_.modules(), [address](const image::Module& module) {
           return isPlain(module, address);
         });
}

Owner VariablePolls::ownerOfFunction(image::FuncIndex function) const {
  const image::FunctionTable& functions = image_.functions();
  const image::Function& info = functions.function(function);
  return ownerOf(code_, info.name, functions.file(function, info.entry));
}

Owner VariablePolls::ownerOfVariable(Addr address, image::FuncIndex reader) {
  const std::string_view name = image_.variableAt(address).name;
  if (name.empty()) {
    return isCompilers(address) || ofStandardLibrary(address) ? Owner::standard
                                                              : ownerOfFunction(reader);
  }
  if (name.find("..") != std::string_view::npos) return Owner::standard;  // the compiler's
  const image::FunctionTable& functions = image_.functions();
  const std::string_view package = image::packageOf(name);
  if (package == image::packageOf(functions.function(reader).name)) return ownerOfFunction(reader);
  const image::FuncIndex init = functions.byName(std::string(package) + ".init");
  if (init != image::kNoFunc) return ownerOfFunction(init);
  return ownerOf(code_, name, {});
}

/// What the compiler keeps for a type assertion or a switch over types (internal/abi, TypeAssert
/// and InterfaceSwitch, since 1.22): a cache, and behind it types.
bool VariablePolls::isCompilers(Addr address) const {
  constexpr std::uint64_t kMost = 1 << 16;
  auto& memory = image_.target().memory();
  const auto isType = [this](Addr type) {
    return std::ranges::any_of(image_.modules(), [type](const image::Module& module) {
      return inside(module.types, type, module.typesEnd);
    });
  };
  const auto words = memory.bytesUpTo(address, 3 * sizeof(Addr));
  std::array<Addr, 3> record{};
  if (words.size() != sizeof record) return false;
  std::memcpy(record.data(), words.data(), sizeof record);
  const bool types = isType(record[1]) || (record[1] < kMost && isType(record[2]));
  Addr mask = 0;
  if (!types || !memory.contains(record[0]) || !memory.read(record[0], mask)) return false;
  return (mask & (mask + 1)) == 0 && mask < kMost;
}

/// Of a program without names: whether the standard library's own code refers to the variable.
bool VariablePolls::ofStandardLibrary(Addr address) {
  if (!standard_) {
    standard_.emplace();
    const image::FunctionTable& functions = image_.functions();
    for (image::FuncIndex i = 0; i < functions.size(); ++i) {
      if (isUsers(i)) continue;
      for (const image::CodeRef& reference : referencesOf(image_, functions.function(i))) {
        if (isVariable(reference.target)) standard_->insert(reference.target, 0);
      }
    }
  }
  return standard_->contains(address);
}

}  // namespace parked::leak
