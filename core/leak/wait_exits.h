// By what a goroutine that is woken again and again may end: only by what its wait itself brings (a
// case of its select, a channel that is closed, an error of its connection), or by something else
// that its code looks at in between.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "golang/snapshot.h"
#include "leak/code.h"
#include "leak/machine_code.h"

namespace parked::leak {

class WaitExits {
 public:
  /// Both must outlive the object.
  WaitExits(const golang::Snapshot& snapshot, const Code& code);

  /// Whether there is a way from its wait to its end on which one of the program's own functions
  /// decides by anything but the results of the call that it waits in. Panics do not count, nor
  /// what is decided in functions of libraries. True where the code is not understood.
  bool decidesItself(const golang::Goroutine& goroutine);

 private:
  bool ofStack(const golang::Stack& stack);
  std::uint8_t returnsOf(Addr returnAddress, image::FuncIndex function);

  const golang::Snapshot& snapshot_;
  const Code& code_;
  std::unique_ptr<arch::Decoder> decoder_;  // null: none for this architecture
  std::vector<std::optional<bool>> stacks_;
  std::unordered_map<Addr, std::uint8_t> returns_;  // by return address
};

/// How a function may return, from the instruction after a call on; bits.
inline constexpr std::uint8_t kReturnsByResult = 1;  ///< nothing but the results decided
inline constexpr std::uint8_t kReturnsByOther = 2;   ///< something else did
/// Of the code of one function, in order. A way ends where it comes to that call again, or where
/// `ends` says of a callee that it does not return.
std::uint8_t returnsFrom(const std::vector<Instruction>& code, Addr from, const CallRules& rules,
                         const std::function<bool(Addr callee)>& ends);

}  // namespace parked::leak
