#include "leak/variable_polls.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "image/symbol_name.h"
#include "image/variable_references.h"
#include "proof/global_roots.h"
#include "target/read_log.h"

namespace parked::leak {

namespace {

constexpr std::uint64_t kMaxPollCode = 1 << 16;

/// Variables behind which there is nothing but a supply, and how many pointers deep. gRPC's map
/// from sizes to pools of buffers: a pool has buffers and a bool that is set when it is made.
constexpr std::array<std::pair<std::string_view, int>, 1> kSupplies = {
    {{"google.golang.org/grpc/internal/transport.ioBufferPoolMap", 3}}};

std::vector<image::CodeRef> referencesOf(image::Image& image, const image::Function& function) {
  if (function.end <= function.entry) return {};
  const std::uint64_t size = std::min(function.end - function.entry, kMaxPollCode);
  return image::codeRefs(image.target().arch(), function.entry,
                         image.target().memory().bytesUpTo(function.entry, size));
}

bool inside(Addr from, Addr address, Addr to) { return address >= from && address < to; }

bool inPlainPart(const image::Module& module, Addr address) {
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

Polled VariablePolls::polled(const golang::Goroutine& goroutine) {
  if (goroutine.stack >= stacks_.size()) return Polled::programs;
  std::optional<Polled>& known = stacks_[goroutine.stack];
  if (!known) known = ofStack(goroutine.stack);
  return *known;
}

Polled VariablePolls::ofStack(golang::Index index) {
  const golang::Stack& stack = snapshot_.stacks[index];
  if (stack.truncated) return Polled::programs;
  Polled most = Polled::nothing;
  for (std::uint32_t i = 0; i < stack.count && most != Polled::programs; ++i) {
    const golang::FramePc& frame = snapshot_.pcs[stack.first + i];
    const image::FuncIndex function = image_.functions().find(frame.inside());
    if (function == image::kNoFunc || !isUsers(function)) continue;
    most = std::max(most, ofFunction(function));
  }
  return most;
}

bool VariablePolls::isUsers(image::FuncIndex function) const {
  return ownerOfFunction(function) >= Owner::library;
}

Polled VariablePolls::ofFunction(image::FuncIndex function) {
  const auto [known, isNew] = functions_.try_emplace(function, Polled::nothing);
  if (!isNew) return known->second;
  Polled most = Polled::nothing;
  const bool all = references_.visitNear(function, [&](image::FuncIndex each) {
    most = std::max(most, reads(each));
    return most != Polled::programs;
  });
  // Too many to say what they read count as what reads anything.
  return functions_[function] = all ? most : Polled::programs;
}

/// One function by itself.
Polled VariablePolls::reads(image::FuncIndex function) {
  const auto [known, isNew] = own_.try_emplace(function, Polled::nothing);
  if (!isNew) return known->second;
  Polled most = Polled::nothing;
  for (const auto& reference : referencesOf(image_, image_.functions().function(function))) {
    if (reference.store || !isVariable(reference.target)) continue;
    most = std::max(most, asked(reference.target, function));
    if (most == Polled::programs) break;
  }
  return own_[function] = most;
}

bool VariablePolls::isVariable(Addr address) const {
  return std::ranges::any_of(image_.modules(), [address](const image::Module& module) {
    return inside(module.data, address, module.dataEnd) ||
           inside(module.bss, address, module.bssEnd) || inPlainPart(module, address);
  });
}

bool VariablePolls::isPlain(Addr address) const {
  return std::ranges::any_of(image_.modules(), [address](const image::Module& module) {
    return inPlainPart(module, address);
  });
}

/// Of a library's variables those without pointers: what it keeps of a client is in the client, but
/// there may be a switch for all. Its loggers, tables and errors stop nobody.
Polled VariablePolls::asked(Addr address, image::FuncIndex reader) {
  const Owner owner = ownerOfVariable(address, reader);
  if (owner >= Owner::local) return Polled::programs;
  return owner == Owner::library && isPlain(address) ? Polled::librarys : Polled::nothing;
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
  return ownerOfPackage(name);
}

Owner VariablePolls::ownerOfPackage(std::string_view variable) {
  const std::string init = std::string(image::packageOf(variable)) + ".init";
  const image::FuncIndex function = image_.functions().byName(init);
  return function != image::kNoFunc ? ownerOfFunction(function) : ownerOf(code_, variable, {});
}

int VariablePolls::common(Addr word) {
  const std::string_view name = image_.variableAt(word).name;
  for (const auto& [supply, pointers] : kSupplies) {
    if (name == supply || (name.empty() && image_.symbol(supply) == word)) return pointers;
  }
  if (!name.empty()) {
    const Owner owner = ownerOfPackage(name);
    return owner != Owner::none && owner < Owner::local ? 1 : 0;
  }
  if (!referred_) findReferred();
  return referred_->contains(word) && referred_->find(word) == 0 ? 1 : 0;
}

void VariablePolls::findReferred() {
  referred_.emplace();
  const image::FunctionTable& functions = image_.functions();
  // The program's own first: who has noted a word first has it.
  for (const bool programs : {true, false}) {
    for (image::FuncIndex i = 0; i < functions.size(); ++i) {
      if ((ownerOfFunction(i) >= Owner::local) != programs) continue;
      for (const image::CodeRef& reference : referencesOf(image_, functions.function(i))) {
        if (isVariable(reference.target)) referred_->insert(reference.target, programs ? 1 : 0);
      }
    }
  }
}

bool VariablePolls::isOthers(Addr address, bool librarysCount) {
  if (!isVariable(address)) return false;
  const auto [known, isNew] = data_.try_emplace(address, Owner::own);
  if (isNew) known->second = ownerOfData(address);
  return known->second >= (librarysCount ? Owner::library : Owner::local);
}

Owner VariablePolls::ownerOfData(Addr address) {
  const std::string_view name = image_.variableAt(address).name;
  if (!name.empty() && name.find("..") == std::string_view::npos) return ownerOfPackage(name);
  if (name.empty() && ofStandardLibrary(address)) return Owner::standard;
  if (!pointed_) findPointed();
  const auto pointed = pointed_->find(address);
  return pointed != pointed_->end() ? pointed->second : Owner::own;
}

/// Of a variable with a pointer.
Owner VariablePolls::ownerOfWord(Addr word) {
  const std::string_view name = image_.variableAt(word).name;
  if (!name.empty()) return ownerOfPackage(name);
  if (ofStandardLibrary(word)) return Owner::standard;
  if (!referred_) findReferred();
  return referred_->contains(word) && referred_->find(word) == 0 ? Owner::library : Owner::own;
}

void VariablePolls::findPointed() {
  pointed_.emplace();
  proof::visitGlobals(image_, [this](Addr at, Addr value) {
    if (!isVariable(value)) return;
    const auto [known, isNew] = pointed_->try_emplace(value, Owner::none);
    known->second = std::max(known->second, ownerOfWord(at));
  });
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
  target::ReadLog::Trial trial(memory.log());
  const auto words = memory.bytesUpTo(address, 3 * sizeof(Addr));
  std::array<Addr, 3> record{};
  if (words.size() != sizeof record) return false;
  std::memcpy(record.data(), words.data(), sizeof record);
  const bool types = isType(record[1]) || (record[1] < kMost && isType(record[2]));
  Addr mask = 0;
  if (!types || !memory.contains(record[0]) || !memory.read(record[0], mask)) return false;
  const bool is = (mask & (mask + 1)) == 0 && mask < kMost;
  if (is) trial.keep();
  return is;
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
