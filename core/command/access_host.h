// What a front-end tells of a debugger that holds the target, as the target room asks for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parked/parked.h"
#include "target/target.h"

namespace parked::command {

inline target::Thread toThread(const DebuggerAccess::Thread& from) {
  target::Thread thread;
  thread.tid = from.tid;
  thread.hasRegisters = from.pc != 0;
  thread.registers.pc = from.pc;
  thread.registers.sp = from.sp;
  thread.registers.framePointer = from.framePointer;
  thread.registers.link = from.link;
  thread.words = from.words;
  thread.hasVectors = !from.words.empty();
  return thread;
}

/// The debugger's functions as the target room sees them.
class AccessHost : public target::DebuggerHost {
 public:
  explicit AccessHost(const DebuggerAccess& access) : access_(access) {}

  std::size_t read(Addr address, std::span<std::byte> out) override {
    return access_.read ? access_.read(address, out.data(), out.size()) : 0;
  }
  std::vector<target::Thread> threads() override {
    std::vector<target::Thread> threads;
    if (!access_.threads) return threads;
    for (const DebuggerAccess::Thread& thread : access_.threads()) {
      threads.push_back(toThread(thread));
    }
    return threads;
  }
  std::vector<target::Region> regions() override {
    std::vector<target::Region> regions;
    if (!access_.ranges) return regions;
    for (const DebuggerAccess::Range& range : access_.ranges()) {
      target::Region region;
      region.start = range.start;
      region.end = range.end;
      region.writable = range.writable;
      regions.push_back(region);
    }
    return regions;
  }
  std::string executable() override { return access_.executable; }
  std::vector<std::string> libraries() override { return access_.libraries; }
  std::optional<std::uint64_t> loadBias() override { return access_.loadBias; }

 private:
  const DebuggerAccess& access_;
};

}  // namespace parked::command
