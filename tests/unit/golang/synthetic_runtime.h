// A Go runtime made of bytes: channels, sudogs, semaphores and timers laid out as a given Go
// version does, and code that only has names.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "golang/access.h"
#include "golang/snapshot.h"
#include "golang/synthetic.h"

namespace parked::test {

/// The two shapes that matter: before and after sudogs became pairs (1.26) and timers were
/// rewritten (1.23).
enum class Era { go122, go126 };

class SyntheticCode : public golang::CodeView {
 public:
  /// A function that starts at `code`.
  void function(Addr code, std::string name) { functions_[code] = std::move(name); }
  /// A stack that goroutines can have; each frame is the names of its source-level calls, innermost
  /// first. Returns the pcs.
  std::vector<golang::FramePc> stack(const std::vector<std::vector<std::string>>& frames);

  std::string_view functionAt(Addr code) override;
  void callNames(golang::FramePc pc, std::vector<std::string_view>& out) override;
  void unwind(const golang::Goroutine& goroutine, std::size_t limit,
              std::vector<golang::Frame>& out) override;
  std::uint32_t stackObjectSize(const golang::Frame& frame, Addr address) override;

  /// The frames of goroutines, by address of the g.
  std::map<Addr, std::vector<golang::Frame>> frames;
  std::map<Addr, std::uint32_t> stackObjects;

 private:
  std::map<Addr, std::string> functions_;
  std::map<Addr, std::vector<std::string>> calls_;
  Addr nextPc_ = 0x500000;
};

class SyntheticAccess : public golang::Access {
 public:
  using Access::Access;
  Addr variable(std::string_view name) const override {
    const auto it = variables.find(name);
    return it == variables.end() ? 0 : it->second;
  }
  std::map<std::string, Addr, std::less<>> variables;
};

class SyntheticRuntime {
 public:
  explicit SyntheticRuntime(Era era, std::size_t memory = 1 << 22);

  /// Zeroed memory.
  Addr allocate(std::size_t size);
  /// Zeroed memory for a struct.
  Addr make(std::string_view type);
  /// Writes a field, given as a path; as many bytes as the field has.
  void set(Addr object, std::string_view type, std::string_view path, std::uint64_t value);
  std::uint64_t offset(std::string_view type, std::string_view path);

  /// Adds a parked goroutine with this wait reason; `stack` from stack().
  golang::Index park(std::string_view reason, golang::Index stack = golang::kNone);
  golang::Index stack(const std::vector<std::vector<std::string>>& frames);

  Addr channel(std::uint64_t capacity = 0, std::uint64_t length = 0);
  /// A sudog of the goroutine for a channel (or semaphore word, if `channel` is 0).
  Addr sudog(golang::Index goroutine, Addr channel, Addr element = 0);
  /// Puts sudogs into a channel's queue ("recvq" or "sendq").
  void queue(Addr channel, std::string_view which, const std::vector<Addr>& sudogs);
  /// Chains a goroutine's sudogs through waitlink and hangs them on the g.
  void waitOn(golang::Index goroutine, const std::vector<Addr>& sudogs);
  /// Parks one goroutine in one queue of a channel.
  golang::Index parkOn(Addr channel, bool send);

  /// Puts a sudog of `goroutine` for the semaphore at `word` into the semaphore table, as the head
  /// of its bucket.
  Addr acquire(golang::Index goroutine, Addr word);
  /// The entry of the semaphore table that the word belongs to.
  Addr semaphoreRoot(Addr word) const;

  void resolve();
  const golang::Wait& wait(golang::Index goroutine, std::size_t i = 0) const;
  std::string_view note(const golang::Wait& wait) const { return snapshot.strings[wait.note]; }
  std::string_view incomplete(std::string_view what) const;

  Era era;
  SyntheticTarget target;
  SyntheticLayouts layouts;
  SyntheticCode code;
  image::ModuleList modules;
  SyntheticAccess access;
  golang::Snapshot snapshot;
  Addr semaphoreTable = 0;

 private:
  static constexpr std::uint64_t kSemaphoreRoots = 251;  // runtime.semTabSize
  std::uint64_t semaphoreRootSize() const;
  void addLayouts();

  static constexpr Addr kBase = 0xc000000000;
  Addr next_ = kBase + 4096;
  Addr end_;
};

}  // namespace parked::test
