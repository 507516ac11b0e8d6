// Whether a goroutine will come to the same wait again: who sleeps once, to stop somebody then, is
// a timeout, and who sleeps in a loop is not. amd64 only, as code is read.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "leak/machine_code.h"

namespace parked::leak {

class WaitLoops {
 public:
  /// Must outlive the object.
  explicit WaitLoops(const golang::Snapshot& snapshot)
      : snapshot_(snapshot), stacks_(snapshot.stacks.size()) {}

  /// A call on its stack, of the runtime's none, is in a loop that leads to it again. False also
  /// where the code is not understood.
  bool comesBack(const golang::Goroutine& goroutine);

 private:
  bool ofStack(const golang::Stack& stack);
  bool ofCall(Addr returnAddress);

  const golang::Snapshot& snapshot_;
  Disassembler disassembler_;
  std::vector<std::optional<bool>> stacks_;
  std::unordered_map<Addr, bool> calls_;  // by return address
};

}  // namespace parked::leak
