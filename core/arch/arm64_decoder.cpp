// The instructions of arm64, by hand: all are words, and where a register stands in one is the same
// for nearly all, so that of one not known here all that it might change can be named. Capstone 4
// does not know the atomic instructions of Armv8.1, which every lock has.
//
// Arm's architecture manual, C4.1. An instruction that does several things becomes several, a byte
// apart.
#include "arch/arm64_decoder.h"

#include <array>
#include <bit>

#include "arch/arm64.h"

namespace parked::arch {

namespace arm64 {

Instruction& WordDecoder::add(Op op) {
  Instruction instruction;
  instruction.pc = pcOf(index_) + (out_.size() - first_);
  instruction.op = op;
  instruction.size = 1;
  out_.push_back(instruction);
  return out_.back();
}

/// Whatever it is, it changes no register but those it names.
void WordDecoder::unknown() {
  Instruction& all = add(Op::other);
  for (const unsigned at : {0U, 5U, 10U, 16U}) all.written |= bit(withZero(field(word_, at, 5)));
}

void WordDecoder::write(Register reg, Op op, Operand from) {
  Instruction& it = add(op);
  it.a = registerOperand(reg);
  it.b = from;
  it.written = bit(reg);
}

void WordDecoder::addTo(Register to, Register from, std::int64_t value) {
  if (to == kStackPointer && from == kStackPointer) {
    write(to, Op::add, immediate(value));
  } else if (value == 0) {
    write(to, Op::move, registerOperand(from));
  } else {
    write(to, Op::address, memory(from, value, kPointer));
  }
}

namespace {

/// The constant of a logical instruction of 64 bits: a run of ones, turned around, again and again.
std::uint64_t bitMask(Word word) {
  constexpr unsigned kWidest = 64;
  const unsigned turned = field(word, 16, 6), length = field(word, 10, 6);
  const unsigned kind = field(word, 22, 1) << 6 | (~length & 0x3f);
  if (kind < 2) return 0;  // reserved
  const unsigned size = std::bit_floor(kind);
  const unsigned ones = (length & (size - 1)) + 1, turn = turned & (size - 1);
  const std::uint64_t all = size == kWidest ? ~std::uint64_t{0} : (std::uint64_t{1} << size) - 1;
  std::uint64_t element = ones == kWidest ? all : (std::uint64_t{1} << ones) - 1;
  if (turn != 0) element = (element >> turn | element << (size - turn)) & all;
  for (unsigned at = size; at < kWidest; at *= 2) element |= element << at;
  return element;
}

}  // namespace

void WordDecoder::bitfield() {
  constexpr unsigned kMostShift = 6;  // of an operand's scale
  const bool wide = field(word_, 31, 1) != 0, isSigned = field(word_, 29, 2) == 0;
  const unsigned rotate = field(word_, 16, 6), last = field(word_, 10, 6);
  const Register to = withZero(low());
  if (rotate == 0 && (last == 7 || last == 15 || last == 31)) {  // UXTB and the like
    write(to, Op::moveNarrow, source(second(), static_cast<std::uint8_t>((last + 1) / 8)));
  } else if (wide && !isSigned && last + 1 == rotate && 64 - rotate <= kMostShift &&
             withZero(second()) != kNoRegister) {  // LSL
    Operand scaled = memory(kNoRegister, 0, kPointer);
    scaled.index = withZero(second());
    scaled.scale = static_cast<std::uint8_t>(1U << (64 - rotate));
    write(to, Op::address, scaled);
  } else {
    write(to, Op::other, {});
  }
}

void WordDecoder::addImmediate() {
  const std::int64_t size = std::int64_t{field(word_, 10, 12)}
                            << (field(word_, 22, 1) != 0 ? 12 : 0);
  const std::int64_t value = field(word_, 30, 1) != 0 ? -size : size;
  const Register from = withStackPointer(second());
  if (field(word_, 29, 1) != 0) {  // with flags
    if (withZero(low()) != kNoRegister) {
      write(withZero(low()), Op::other, {});
      return;
    }
    Instruction& compare = add(Op::compare);
    compare.a = registerOperand(from);
    compare.b = immediate(value);
    return;
  }
  const Register to = withStackPointer(low());
  if (field(word_, 31, 1) == 0) {
    write(to, Op::other, {});
  } else if (index_ > 0 && isAdrp(words_[index_ - 1]) && !out_.empty() &&
             out_.back().op == Op::address && out_.back().a.reg == from) {
    // The second half of an address that ADRP began.
    write(to, Op::address, memory(kNoRegister, out_.back().b.value + value, kPointer));
  } else {
    addTo(to, from, value);
  }
}

void WordDecoder::dataImmediate() {
  const unsigned kind = field(word_, 23, 3), how = field(word_, 29, 2);
  const bool wide = field(word_, 31, 1) != 0;
  if (kind < 2) {  // ADR, ADRP
    const Addr base = wide ? pcOf(index_) & ~Addr{0xfff} : pcOf(index_);
    const Addr target = base + static_cast<Addr>(adrDistance(word_)) * (wide ? 0x1000 : 1);
    write(withZero(low()), Op::address,
          memory(kNoRegister, static_cast<std::int64_t>(target), kPointer));
  } else if (kind == 2) {  // ADD, SUB
    addImmediate();
  } else if (kind == 4) {  // AND, ORR, EOR, ANDS
    if (how == 3 && withZero(low()) == kNoRegister) {
      Instruction& compare = add(Op::compare);
      compare.a = source(second());
      compare.b = immediate(0);
    } else {
      const Register to = how == 3 ? withZero(low()) : withStackPointer(low());
      const bool constant = how == 1 && wide && withZero(second()) == kNoRegister;
      write(to, constant ? Op::move : Op::other,
            constant ? immediate(static_cast<std::int64_t>(bitMask(word_))) : Operand());
    }
  } else if (kind == 5 && how != 3) {  // MOVN, MOVZ
    const std::uint64_t value = std::uint64_t{field(word_, 5, 16)} << (field(word_, 21, 2) * 16);
    const std::uint64_t inverted = wide ? ~value : ~value & 0xffffffff;
    write(withZero(low()), Op::move,
          immediate(static_cast<std::int64_t>(how == 0 ? inverted : value)));
  } else if (kind == 6) {
    bitfield();
  } else {  // MOVK, EXTR
    write(withZero(low()), Op::other, {});
  }
}

/// ADD, SUB of two registers, the second shifted or extended.
void WordDecoder::addRegister() {
  constexpr unsigned kMostShift = 6, kWhole = 3;  // UXTX
  const bool wide = field(word_, 31, 1) != 0, subtract = field(word_, 30, 1) != 0;
  const bool extended = field(word_, 21, 1) != 0;
  if (field(word_, 29, 1) != 0) {  // with flags
    if (withZero(low()) != kNoRegister) {
      write(withZero(low()), Op::other, {});
      return;
    }
    Instruction& compare = add(Op::compare);
    compare.a = extended ? registerOperand(withStackPointer(second())) : source(second());
    compare.b = source(third());
    return;
  }
  const unsigned shift = extended ? field(word_, 10, 3) : field(word_, 10, 6);
  const bool plain = extended ? field(word_, 13, 3) == kWhole : field(word_, 22, 2) == 0;
  const Register to = extended ? withStackPointer(low()) : withZero(low());
  if (!wide || subtract || !plain || shift > kMostShift || to == kStackPointer ||
      withZero(third()) == kNoRegister) {
    write(to, Op::other, {});
    return;
  }
  Operand sum = memory(extended ? withStackPointer(second()) : withZero(second()), 0, kPointer);
  sum.index = withZero(third());
  sum.scale = static_cast<std::uint8_t>(1U << shift);
  write(to, Op::address, sum);
}

void WordDecoder::conditionalSelect() {
  const bool increments = field(word_, 10, 2) == 1 && field(word_, 29, 2) == 0;
  if (!increments || second() != kStackPointer || third() != kStackPointer) {
    write(withZero(low()), Op::other, {});
    return;
  }
  // CSET: the condition is written the other way round.
  write(withZero(low()), Op::setOn, {});
  const unsigned condition = field(word_, 12, 4);
  if (condition == 1) out_.back().condition = Condition::equal;
  if (condition == 0) out_.back().condition = Condition::notEqual;
}

void WordDecoder::dataRegister() {
  if ((word_ & 0x1f000000) == 0x0a000000) {  // AND, ORR, EOR, ANDS
    const unsigned how = field(word_, 29, 2);
    const bool plain = field(word_, 21, 3) == 0 && field(word_, 10, 6) == 0;
    if (how == 1 && plain && second() == unsigned{kStackPointer}) {  // MOV
      const bool wide = field(word_, 31, 1) != 0;
      write(withZero(low()), Op::move, source(third(), wide ? kPointer : kPointer / 2));
    } else if (how == 3 && withZero(low()) == kNoRegister) {  // TST
      Instruction& test = add(plain && second() == third() ? Op::test : Op::compare);
      test.a = source(second());
      test.b = source(third());
    } else {
      write(withZero(low()), Op::other, {});
    }
  } else if ((word_ & 0x1f000000) == 0x0b000000) {
    addRegister();
  } else if ((word_ & 0x3fe00000) == 0x3a400000) {  // CCMN, CCMP
    add(Op::compare);
  } else if ((word_ & 0x1fe00000) == 0x1a800000) {
    conditionalSelect();
  } else {
    write(withZero(low()), Op::other, {});
  }
}

/// BR, BLR, RET
void WordDecoder::toRegister() {
  constexpr std::array kOps{Op::jump, Op::call, Op::ret};
  const unsigned how = field(word_, 21, 2);
  const Word before = index_ > 0 ? words_[index_ - 1] : 0;
  Instruction& it = add(kOps[how]);
  if (how == 2) return;
  it.a = registerOperand(withZero(second()));
  if (how == 1) it.written = bit(kLink);
  // LDR Xn, [Xm, Xi, LSL #3]; BR Xn: by a table.
  if (how == 0 && (before & 0xffe0fc00) == 0xf8607800 && field(before, 0, 5) == second()) {
    it.a = memory(withStackPointer(field(before, 5, 5)), 0, kPointer);
    it.a.index = withZero(field(before, 16, 5));
    it.a.scale = kPointer;
  }
}

/// CBZ, CBNZ, TBZ, TBNZ
void WordDecoder::testAndBranch() {
  const bool oneBit = field(word_, 25, 1) != 0, lowest = (word_ & 0x80f80000) == 0;
  const std::int64_t words = oneBit ? signedField(word_, 5, 14) : signedField(word_, 5, 19);
  const bool whenSet = field(word_, 24, 1) != 0;
  // Which way the processor's features lead does not matter: both do the same.
  const std::size_t there = index_ + static_cast<std::size_t>(words);
  if (words > 0 && leadsToRetried(there) && leadsToAtomic(index_ + 1)) {
    add(Op::nothing);
    return;
  }
  const bool jumps = words > 0 && leadsToRetried(index_ + 1) && leadsToAtomic(there);
  Instruction& it = add(jumps ? Op::jump : Op::branch);
  it.a = immediate(static_cast<std::int64_t>(pcOf(there)));
  if (jumps) return;
  it.b = source(low());
  // A boolean is its lowest bit.
  if (!oneBit || lowest) it.condition = whenSet ? Condition::notEqual : Condition::equal;
}

/// False if it is none that Go's compilers write.
bool WordDecoder::branches() {
  // What the linker may put between a call and its function changes these, too.
  constexpr std::uint32_t kVeneer = 1U << 16 | 1U << 17 | 1U << 27;
  const auto to = [&](unsigned from, unsigned bits) {
    return immediate(static_cast<std::int64_t>(
        pcOf(index_) + static_cast<Addr>(signedField(word_, from, bits) * kSize)));
  };
  if ((word_ & 0x7c000000) == 0x14000000) {  // B, BL
    const bool call = field(word_, 31, 1) != 0;
    Instruction& it = add(call ? Op::call : Op::jump);
    it.a = to(0, 26);
    if (call) it.written = bit(kLink) | kVeneer;
  } else if ((word_ & 0xff000010) == 0x54000000) {  // B.cond
    const unsigned condition = field(word_, 0, 4);
    Instruction& it = add(condition >= 14 ? Op::jump : Op::branch);
    it.a = to(5, 19);
    if (condition == 0) it.condition = Condition::equal;
    if (condition == 1) it.condition = Condition::notEqual;
  } else if ((word_ & 0x7c000000) == 0x34000000) {
    testAndBranch();
  } else if ((word_ & 0xff9ffc1f) == 0xd61f0000 && field(word_, 21, 2) < 3) {
    toRegister();
  } else if ((word_ & 0xffe0001f) == 0xd4000001) {  // SVC
    write(0, Op::other, {});
  } else if ((word_ & 0xff000000) == 0xd4000000) {  // BRK and the like
    add(Op::stop);
  } else if ((word_ & 0xff200000) == 0xd5200000) {  // MRS, SYSL
    write(withZero(low()), Op::other, {});
  } else if ((word_ & 0xff000000) == 0xd5000000) {  // barriers, hints, MSR
    add(Op::nothing);
  } else {
    return false;
  }
  return true;
}

/// Of vector instructions those count that write a general register.
void WordDecoder::vectors() {
  const bool converts = (word_ & 0x5f200000) == 0x1e200000 && field(word_, 10, 6) == 0;
  const bool fixedPoint = (word_ & 0x5f200000) == 0x1e000000;
  const Word element = word_ & 0xbfe0fc00;
  if (converts || fixedPoint || element == 0x0e003c00 || element == 0x0e002c00) {  // UMOV, SMOV
    write(withZero(low()), Op::other, {});
  } else if ((word_ & 0x5f203c00) == 0x1e202000 || (word_ & 0x5f200c00) == 0x1e200400) {
    add(Op::compare);  // FCMP, FCCMP
  } else {
    add(Op::nothing);
  }
}

/// The word at index_. False if it is no instruction.
bool WordDecoder::one() {
  if (word_ == 0) {  // what lies behind a function, and what shall never be reached
    add(Op::stop);
    return true;
  }
  if (index_ < told_) {
    add(Op::nothing);
    return true;
  }
  switch (field(word_, 25, 4)) {
    case 8:
    case 9:
      dataImmediate();
      return true;
    case 10:
    case 11:
      return branches();
    case 4:
    case 6:
    case 12:
    case 14:
      loadsAndStores();
      return true;
    case 5:
    case 13:
      dataRegister();
      return true;
    case 7:
    case 15:
      vectors();
      return true;
    default:
      return false;  // SVE, and what is reserved
  }
}

std::optional<std::vector<Instruction>> WordDecoder::decode(Addr start,
                                                            std::span<const std::byte> code) {
  if (code.size() % kSize != 0) return std::nullopt;
  start_ = start;
  told_ = 0;
  words_.clear();
  for (std::size_t at = 0; at < code.size(); at += kSize) words_.push_back(arm64::wordAt(code, at));
  out_.clear();
  out_.reserve(words_.size() + words_.size() / 4);
  for (index_ = 0; index_ < words_.size(); ++index_) {
    word_ = words_[index_];
    first_ = out_.size();
    if (!one()) return std::nullopt;
    // The last of its parts reaches to the next word.
    out_.back().size = static_cast<std::uint8_t>(kSize - (out_.size() - first_ - 1));
  }
  return std::move(out_);
}

}  // namespace arm64

std::unique_ptr<Decoder> arm64Decoder() { return std::make_unique<arm64::WordDecoder>(); }

}  // namespace parked::arch
