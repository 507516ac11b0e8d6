// The functions of a program as far as locks are concerned: which call or atomic instruction is a
// method of package sync, and what a function has done to locks by the time it returns.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "image/image.h"
#include "leak/code.h"
#include "leak/lock_flow.h"
#include "leak/places.h"

namespace parked::leak {

class LockCode : public CodeFacts {
 public:
  LockCode(image::Image& image, const Code& code);
  ~LockCode() override;

  const CallRules& rules() const { return arch_.calls; }
  /// The function followed; null if it has nothing to do with locks, or was not understood.
  LockFlow* flowOf(image::FuncIndex function);
  /// What it does to locks of its caller; null if nothing.
  const LockSummary* summaryOf(image::FuncIndex function);
  const LockSummary* summaryAt(Addr entry) { return callee(entry).summary; }

  /// It is a method that takes a lock.
  bool locks(Addr entry) { return entry != 0 && takes(callee(entry)); }
  std::optional<Atomic> atomicAt(std::span<const Addr> pcs) override;
  Callee callee(Addr entry) override;
  bool isFunction(Addr address) override;
  bool word(Addr address, Addr& value) override;

  /// The inlined call of package sync that takes a lock in which the pc lies; 0 if in none.
  std::uint64_t acquiringAt(Addr pc, bool exact);
  /// The user's line at which a lock was taken or released, and the source functions around it.
  Place placeOf(const LockSite& site, std::vector<std::string_view>& around);

 private:
  struct Known;
  Known& known(image::FuncIndex function);
  bool usesLocks(image::FuncIndex function, int depth);
  bool scan(const image::Function& function, int depth);
  void follow(Known& known, image::FuncIndex index);
  FrameFacts frameOf(image::FuncIndex index) const;
  static bool takes(const Callee& callee) {
    return callee.kind == Kind::lock && callee.lock.acquires && !callee.lock.tries;
  }
  Callee classify(image::FuncIndex index);
  std::optional<Filled> filledFrom(Addr entry, Addr end);
  std::span<const std::byte> bytes(const image::Function& function) const;

  image::Image& image_;
  const Code& code_;
  const arch::Architecture& arch_;
  std::unique_ptr<arch::Decoder> decoder_;  // null: none for this architecture
  std::unordered_map<image::FuncIndex, std::unique_ptr<Known>> known_;
  std::unordered_map<Addr, Callee> callees_;
  std::unordered_map<Addr, std::optional<Atomic>> atomics_;
  std::unordered_set<Addr> methods_;  // entries of the methods of package sync
  std::vector<image::SourceFrame> frames_;
  std::int64_t mutexState_ = 0, rwInner_ = 0, rwReaders_ = 0;
  bool layouts_ = false;
  int depth_ = 0;
};

}  // namespace parked::leak
