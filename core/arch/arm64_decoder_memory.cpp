// The instructions of arm64 that touch memory.
#include "arch/arm64_decoder.h"

namespace parked::arch::arm64 {

namespace {

constexpr unsigned kMostBytes = 64;  // that one instruction stores
constexpr std::size_t kSoon = 10;    // words in which the operands are made

/// LDAXR, LDXR: the beginning of what is tried again until nobody came between.
constexpr bool isLoadExclusive(Word word) { return (word & 0x3fff7c00) == 0x085f7c00; }
/// STLXR, STXR
constexpr bool isStoreExclusive(Word word) { return (word & 0x3fe07c00) == 0x08007c00; }
constexpr bool isCompareAndSwap(Word word) { return (word & 0x3fa07c00) == 0x08a07c00; }
/// LDADD, SWP and the like.
constexpr bool isAtomic(Word word) { return (word & 0x3f200c00) == 0x38200000; }
/// CMP of two registers.
constexpr bool isCompare(Word word) { return (word & 0x7f20001f) == 0x6b00001f; }
constexpr bool isBranch(Word word) { return field(word, 26, 3) == 5; }

/// CBNZ of what the store says, so many words back.
constexpr bool triesAgain(Word word, Word store, int back) {
  return (word & 0x7f000000) == 0x35000000 && signedField(word, 5, 19) == -back &&
         field(word, 0, 5) == field(store, 16, 5);
}

constexpr bool sameAddress(Word one, Word other) {
  return field(one, 5, 5) == field(other, 5, 5) && field(one, 30, 2) == field(other, 30, 2);
}

}  // namespace

/// Whether what begins there comes soon to an instruction that tries again …
bool WordDecoder::leadsToRetried(std::size_t index) const {
  for (std::size_t at = index; at < index + kSoon && !isBranch(wordAt(at)); ++at) {
    if (isLoadExclusive(wordAt(at))) return true;
  }
  return false;
}

/// … or to one that does the same at once.
bool WordDecoder::leadsToAtomic(std::size_t index) const {
  for (std::size_t at = index; at < index + kSoon && !isBranch(wordAt(at)); ++at) {
    if (isCompareAndSwap(wordAt(at)) || isAtomic(wordAt(at))) return true;
  }
  return false;
}

void WordDecoder::compareExchange(Register base, unsigned size, std::uint32_t changed) {
  Instruction& it = add(Op::compareExchange);
  it.a = memory(base, 0, size);
  it.locked = it.stores = true;
  it.written = changed;
}

void WordDecoder::exchangeAdd(Register base, unsigned size, Register result,
                              std::uint32_t changed) {
  Instruction& it = add(Op::exchangeAdd);
  it.a = memory(base, 0, size);
  it.b = registerOperand(result, static_cast<std::uint8_t>(size));
  it.locked = it.stores = true;
  it.written = changed;
}

/// What the compiler writes for processors without atomic instructions is told as one instruction.
/// cmd/compile/internal/ssa/_gen/ARM64Ops.go: LoweredAtomicCas, LoweredAtomicAdd.
bool WordDecoder::retried() {
  constexpr Word kUnequalThree = 0x54000061;  // B.NE, three words on
  const Word one = wordAt(index_ + 1), two = wordAt(index_ + 2), three = wordAt(index_ + 3);
  const unsigned size = 1U << field(word_, 30, 2);
  const Register loaded = withZero(low());
  const bool swaps = isCompare(one) && two == kUnequalThree && isStoreExclusive(three) &&
                     sameAddress(word_, three) && triesAgain(wordAt(index_ + 4), three, 4);
  if (swaps) {
    told_ = index_ + 5;
    compareExchange(withStackPointer(second()), size,
                    bit(loaded) | bit(withZero(field(three, 16, 5))));
    return true;
  }
  const bool adds = (one & 0x7f200000) == 0x0b000000 && field(one, 0, 5) == low() &&
                    isStoreExclusive(two) && field(two, 0, 5) == low() && sameAddress(word_, two) &&
                    triesAgain(three, two, 3);
  if (!adds) return false;
  told_ = index_ + 4;
  exchangeAdd(withStackPointer(second()), size, loaded,
              bit(loaded) | bit(withZero(field(two, 16, 5))));
  return true;
}

void WordDecoder::access(unsigned reg, const Operand& at, const Access& how) {
  Operand operand = at;
  operand.size = static_cast<std::uint8_t>(how.size);
  if (how.store) {
    Instruction& it = add(Op::move);
    it.a = operand;
    if (!how.vector) it.b = source(reg, operand.size);
    it.stores = true;
  } else if (how.vector) {
    add(Op::nothing);
  } else {
    write(withZero(reg), how.extends ? Op::moveNarrow : Op::move, operand);
  }
}

void WordDecoder::pair() {
  constexpr unsigned kPost = 1, kPre = 3;
  const unsigned opc = field(word_, 30, 2), mode = field(word_, 23, 2);
  Access how{.vector = field(word_, 26, 1) != 0, .store = field(word_, 22, 1) == 0};
  how.size = how.vector ? 4U << opc : opc == 2 ? 8 : 4;
  how.extends = opc == 1;
  const Register base = withStackPointer(second());
  const std::int64_t offset = signedField(word_, 15, 7) * static_cast<std::int64_t>(how.size);
  if (mode == kPre) addTo(base, base, offset);
  const std::int64_t from = mode == kPost || mode == kPre ? 0 : offset;
  const unsigned other = field(word_, 10, 5);
  const auto lower = [&] { access(low(), memory(base, from, how.size), how); };
  const auto upper = [&] {
    access(other, memory(base, from + static_cast<std::int64_t>(how.size), how.size), how);
  };
  // What is loaded may take the place of where from.
  if (!how.store && !how.vector && withZero(low()) == base) {
    upper();
    lower();
  } else {
    lower();
    upper();
  }
  if (mode == kPost) addTo(base, base, offset);
}

void WordDecoder::single() {
  constexpr unsigned kPost = 1, kByRegister = 2, kPre = 3, kWhole = 3;
  const unsigned scale = field(word_, 30, 2), opc = field(word_, 22, 2);
  Access how{.vector = field(word_, 26, 1) != 0};
  how.store = how.vector ? (opc & 1) == 0 : opc == 0;
  how.extends = opc >= 2 || scale < 2;
  const unsigned shift = how.vector ? scale | (opc & 2) << 1 : scale;
  how.size = 1U << shift;
  if (!how.vector && scale == 3 && opc >= 2) {  // PRFM
    add(Op::nothing);
    return;
  }
  const Register base = withStackPointer(second());
  if (field(word_, 24, 1) != 0) {
    access(low(), memory(base, std::int64_t{field(word_, 10, 12)} << shift, 0), how);
    return;
  }
  const unsigned form = field(word_, 10, 2);
  if (field(word_, 21, 1) == 0) {
    const std::int64_t offset = signedField(word_, 12, 9);
    if (form == kPre) addTo(base, base, offset);
    access(low(), memory(base, form == kPre || form == kPost ? 0 : offset, 0), how);
    if (form == kPost) addTo(base, base, offset);
    return;
  }
  if (form != kByRegister) {
    atomic();
    return;
  }
  Operand at = memory(base, 0, 0);
  at.index = field(word_, 13, 3) == kWhole ? withZero(third()) : kOtherRegister;
  at.scale = static_cast<std::uint8_t>(field(word_, 12, 1) != 0 ? how.size : 1);
  access(low(), at, how);
}

void WordDecoder::atomic() {
  const unsigned size = 1U << field(word_, 30, 2), what = field(word_, 12, 4);
  const Register base = withStackPointer(second());
  if (!isAtomic(word_)) {  // with a signed pointer
    unknown();
  } else if (what == 0) {  // LDADD
    exchangeAdd(base, size, withZero(low()), bit(withZero(low())));
  } else {
    Instruction& it = add(Op::other);
    it.a = memory(base, 0, size);
    it.stores = true;
    it.written = bit(withZero(low()));
  }
}

void WordDecoder::exclusive() {
  const unsigned size = 1U << field(word_, 30, 2);
  const Register base = withStackPointer(second());
  const Operand at = memory(base, 0, size);
  const Access load{.extends = size < 4, .size = size}, store{.store = true, .size = size};
  if (isCompareAndSwap(word_)) {
    const Register old = withZero(third());
    const Word next = wordAt(index_ + 1);
    // The comparison with what was expected says whether it has happened.
    if (isCompare(next) && (field(next, 5, 5) == third() || field(next, 16, 5) == third())) {
      told_ = index_ + 2;
    }
    compareExchange(base, size, bit(old));
  } else if (isLoadExclusive(word_)) {
    if (!retried()) access(low(), at, load);
  } else if (isStoreExclusive(word_)) {
    access(low(), at, store);
    write(withZero(third()), Op::other, {});
  } else if ((word_ & 0x3fff7c00) == 0x08df7c00) {  // LDAR, LDLAR
    access(low(), at, load);
  } else if ((word_ & 0x3fff7c00) == 0x089f7c00) {  // STLR, STLLR
    access(low(), at, store);
  } else {  // pairs
    unknown();
    out_.back().a = memory(base, 0, kMostBytes);
    out_.back().stores = true;
  }
}

void WordDecoder::loadsAndStores() {
  const bool vector = field(word_, 26, 1) != 0;
  if ((word_ & 0x3f000000) == 0x08000000) {
    exclusive();
  } else if ((word_ & 0x3b000000) == 0x18000000) {  // a constant behind the code
    const unsigned opc = field(word_, 30, 2);
    const Addr target = pcOf(index_) + static_cast<Addr>(signedField(word_, 5, 19) * kSize);
    const Operand at = memory(kNoRegister, static_cast<std::int64_t>(target), 0);
    if (vector || opc == 3) {
      add(Op::nothing);
    } else {
      access(low(), at, {.extends = opc == 2, .size = opc == 1 ? 8U : 4U});
    }
  } else if ((word_ & 0x3a000000) == 0x28000000) {
    pair();
  } else if ((word_ & 0x3a000000) == 0x38000000) {
    single();
  } else {  // several vector registers, tags
    unknown();
    out_.back().a = memory(withStackPointer(second()), 0, kMostBytes);
    out_.back().stores = true;
  }
}

}  // namespace parked::arch::arm64
