// The instructions of a function, as far as values and branches are concerned: in the terms of no
// architecture, so that what follows code is written once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace parked::arch {

/// Number of a general register, as the machine encodes it.
using Register = std::int8_t;
inline constexpr Register kNoRegister = -1;
inline constexpr Register kOtherRegister = -2;  ///< none that holds an address we could tell
inline constexpr int kRegisters = 32;           ///< no architecture that is decoded has more

/// Which register Go's compilers use for what (cmd/compile/abi-internal.md).
struct CallRules {
  Register stackPointer, framePointer;
  Register goroutine;       ///< g
  Register closure;         ///< a called closure's own address
  Register barrierScratch;  ///< what a call of the write barrier changes, beside its result
  Register fill;            ///< from where on Duff's devices and `Op::fill` write
  Register copy;            ///< the same of the device that copies, if it is another one
  Register fillCount;       ///< how many elements `Op::fill` writes
  std::span<const Register> arguments;  ///< the first words of arguments, and of results

  Register result() const { return arguments.front(); }
};

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
  fill,  ///< memory from CallRules::fill on, element by element
  call,
  jump,
  branch,  ///< by the flags, or by whether register `b` is zero
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
  std::uint32_t written = 0;  ///< bits of the general registers that change, also those in `a`
  Operand a, b, c;

  Addr next() const { return pc + size; }
  /// Of a direct call, jump or branch: where to; 0 if it is not told.
  Addr destination() const {
    return a.kind == Operand::Kind::immediate ? static_cast<Addr>(a.value) : 0;
  }
};

/// Decodes the code of one architecture.
class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  /// The instructions of `code`, which lies at `start`; nothing if there is something in it that is
  /// no instruction.
  virtual std::optional<std::vector<Instruction>> decode(Addr start,
                                                         std::span<const std::byte> code) = 0;
};

}  // namespace parked::arch
