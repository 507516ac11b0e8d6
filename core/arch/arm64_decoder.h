// The decoder of arm64, in parts; private to core/arch.
#pragma once

#include <vector>

#include "arch/arm64_word.h"
#include "arch/instruction.h"

namespace parked::arch::arm64 {

inline constexpr std::uint8_t kSize = sizeof(Word);
inline constexpr std::uint8_t kPointer = 8;

inline constexpr std::uint32_t bit(Register reg) {
  return reg >= 0 ? std::uint32_t{1} << reg : std::uint32_t{0};
}

/// Number 31 is the stack pointer in some places …
inline Register withStackPointer(unsigned number) { return static_cast<Register>(number); }
/// … and nothing, or zero, in others.
inline Register withZero(unsigned number) {
  return number == kStackPointer ? kNoRegister : static_cast<Register>(number);
}

inline Operand registerOperand(Register reg, std::uint8_t size = kPointer) {
  Operand operand;
  operand.kind = Operand::Kind::reg;
  operand.size = size;
  operand.reg = reg;
  return operand;
}

inline Operand immediate(std::int64_t value) {
  Operand operand;
  operand.kind = Operand::Kind::immediate;
  operand.size = kPointer;
  operand.value = value;
  return operand;
}

/// What an instruction reads where 31 is zero.
inline Operand source(unsigned number, std::uint8_t size = kPointer) {
  const Register reg = withZero(number);
  return reg == kNoRegister ? immediate(0) : registerOperand(reg, size);
}

inline Operand memory(Register base, std::int64_t offset, unsigned size) {
  Operand operand;
  operand.kind = Operand::Kind::memory;
  operand.size = static_cast<std::uint8_t>(size);
  operand.base = base;
  operand.value = offset;
  return operand;
}

class WordDecoder final : public Decoder {
 public:
  std::optional<std::vector<Instruction>> decode(Addr start,
                                                 std::span<const std::byte> code) override;

 private:
  /// How a single register is loaded or stored.
  struct Access {
    bool vector = false, store = false;
    bool extends = false;  ///< what is read is made a word
    unsigned size = 0;     ///< bytes
  };

  Instruction& add(Op op);
  void unknown();
  void write(Register reg, Op op, Operand from);
  void addTo(Register to, Register from, std::int64_t value);

  bool one();
  void dataImmediate();
  void addImmediate();
  void bitfield();
  void dataRegister();
  void addRegister();
  void conditionalSelect();
  bool branches();
  void toRegister();
  void testAndBranch();
  void vectors();

  void loadsAndStores();
  void access(unsigned reg, const Operand& at, const Access& how);
  void pair();
  void single();
  void exclusive();
  void atomic();
  void compareExchange(Register base, unsigned size, std::uint32_t changed);
  void exchangeAdd(Register base, unsigned size, Register result, std::uint32_t changed);
  bool retried();
  bool leadsToRetried(std::size_t index) const;
  bool leadsToAtomic(std::size_t index) const;

  Word wordAt(std::size_t index) const { return index < words_.size() ? words_[index] : 0; }
  Addr pcOf(std::size_t index) const { return start_ + index * kSize; }
  unsigned low() const { return field(word_, 0, 5); }
  unsigned second() const { return field(word_, 5, 5); }
  unsigned third() const { return field(word_, 16, 5); }

  Addr start_ = 0;
  std::vector<Word> words_;
  std::vector<Instruction> out_;
  std::size_t index_ = 0;  // of the word
  Word word_ = 0;
  std::size_t first_ = 0;  // of its instructions, in out_
  std::size_t told_ = 0;   // words before this one are told already
};

}  // namespace parked::arch::arm64
