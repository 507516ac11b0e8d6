// The instructions of a function, as far as values and branches are concerned. amd64 only. The one
// place that knows Capstone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace parked::leak {

/// Number of a general register as the machine encodes it: RAX 0, RCX 1, RDX 2, RBX 3, RSP 4,
/// RBP 5, RSI 6, RDI 7, R8 to R15.
using Register = std::int8_t;
inline constexpr Register kNoRegister = -1;
inline constexpr Register kOtherRegister = -2;  ///< none that holds an address we could tell
inline constexpr Register kAx = 0, kCx = 1, kDx = 2, kSp = 4, kBp = 5, kDi = 7, kR11 = 11,
                          kR14 = 14;
inline constexpr int kRegisters = 16;

struct Operand {
  enum class Kind : std::uint8_t { none, reg, immediate, memory };
  Kind kind = Kind::none;
  std::uint8_t size = 0;  ///< bytes
  Register reg = kNoRegister;
  Register base = kNoRegister, index = kNoRegister;
  std::uint8_t scale = 1;
  /// Of an immediate its value, of memory the displacement; relative to the instruction pointer it
  /// is the address itself, and there is no base.
  std::int64_t value = 0;
};

enum class Op : std::uint8_t {
  other,  ///< what `written` names gets a value nobody knows, and so does memory in `a`
  nothing,
  move,
  moveNarrow,  ///< with an extension: movzx, movsx
  clear,       ///< xor of a register with itself
  address,     ///< lea
  add,
  subtract,
  shiftLeft,
  multiply,  ///< a = b * c, or a = a * b
  push,
  pop,
  compare,  ///< changes nothing but the flags
  test,
  setOn,  ///< setcc
  compareExchange,
  exchangeAdd,
  fill,  ///< rep stos, rep movs: memory from RDI on, how much is not told
  call,
  jump,
  branch,
  ret,
  stop,  ///< does not go on: ud2, int3
};

/// Which flag a branch or setcc asks.
enum class Condition : std::uint8_t { other, equal, notEqual };

struct Instruction {
  Addr pc = 0;
  std::uint8_t size = 0;
  Op op = Op::other;
  Condition condition = Condition::other;
  bool locked = false;        ///< LOCK prefix
  bool stores = false;        ///< `a` is memory that is written
  std::uint16_t written = 0;  ///< bits of the general registers that change, also those in `a`
  Operand a, b, c;

  Addr next() const { return pc + size; }
  /// Of a direct call, jump or branch: where to; 0 if it is not told.
  Addr destination() const {
    return a.kind == Operand::Kind::immediate ? static_cast<Addr>(a.value) : 0;
  }
};

class Disassembler {
 public:
  Disassembler();
  ~Disassembler();

  /// The instructions of `code`, which lies at `start`; nothing if there is something in it that is
  /// no instruction.
  std::optional<std::vector<Instruction>> decode(Addr start, std::span<const std::byte> code);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parked::leak
