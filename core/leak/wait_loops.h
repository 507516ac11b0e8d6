// Whether a goroutine will come to the same wait again: who sleeps once, to stop somebody then, is
// a timeout, and who sleeps in a loop is not.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "leak/machine_code.h"

namespace parked::leak {

/// Whether a way through the code ends with a call of the function: it does not return, or is how a
/// function makes room on the stack before it begins once more.
bool callEndsTheWay(const image::FunctionTable& functions, Addr callee);

class WaitLoops {
 public:
  /// Must outlive the object.
  explicit WaitLoops(const golang::Snapshot& snapshot);

  /// A call on its stack, of the runtime's none, is in a loop that leads to it again. False also
  /// where the code is not understood.
  bool comesBack(const golang::Goroutine& goroutine);

 private:
  bool ofStack(const golang::Stack& stack);
  bool ofCall(Addr returnAddress);

  const golang::Snapshot& snapshot_;
  std::unique_ptr<arch::Decoder> decoder_;  // null: none for this architecture
  std::vector<std::optional<bool>> stacks_;
  std::unordered_map<Addr, bool> calls_;  // by return address
};

}  // namespace parked::leak
