// The instructions of amd64, by Capstone.
#include <algorithm>
#include <array>
#include <capstone/capstone.h>
#include <iterator>

#include "arch/amd64.h"

namespace parked::arch {

namespace {

/// Numbers of a register's four names, from 64 bits down.
struct Names {
  std::array<unsigned, 5> ids;
};
constexpr std::array<Names, 16> kNames{{
    {{X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH}},
    {{X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH}},
    {{X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH}},
    {{X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH}},
    {{X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL, X86_REG_SPL}},
    {{X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL, X86_REG_BPL}},
    {{X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL, X86_REG_SIL}},
    {{X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL, X86_REG_DIL}},
    {{X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B, X86_REG_R8B}},
    {{X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B, X86_REG_R9B}},
    {{X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B, X86_REG_R10B}},
    {{X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B, X86_REG_R11B}},
    {{X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B, X86_REG_R12B}},
    {{X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B, X86_REG_R13B}},
    {{X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B, X86_REG_R14B}},
    {{X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B, X86_REG_R15B}},
}};

/// By Capstone's number.
const std::array<Register, X86_REG_ENDING>& registers() {
  static const auto kTable = [] {
    std::array<Register, X86_REG_ENDING> table;
    table.fill(kOtherRegister);
    for (std::size_t reg = 0; reg < kNames.size(); ++reg) {
      for (const unsigned id : kNames[reg].ids) table[id] = static_cast<Register>(reg);
    }
    table[X86_REG_INVALID] = kNoRegister;
    return table;
  }();
  return kTable;
}

Register registerOf(unsigned id) { return id < X86_REG_ENDING ? registers()[id] : kOtherRegister; }

struct Known {
  unsigned id;
  Op op;
};
constexpr Known kKnown[] = {
    {X86_INS_MOV, Op::move},
    {X86_INS_MOVABS, Op::move},
    {X86_INS_MOVZX, Op::moveNarrow},
    {X86_INS_MOVSX, Op::moveNarrow},
    {X86_INS_MOVSXD, Op::moveNarrow},
    {X86_INS_LEA, Op::address},
    {X86_INS_ADD, Op::add},
    {X86_INS_SUB, Op::subtract},
    {X86_INS_SHL, Op::shiftLeft},
    {X86_INS_SAL, Op::shiftLeft},
    {X86_INS_IMUL, Op::multiply},
    {X86_INS_PUSH, Op::push},
    {X86_INS_POP, Op::pop},
    {X86_INS_CMP, Op::compare},
    {X86_INS_BT, Op::compare},
    {X86_INS_UCOMISD, Op::compare},
    {X86_INS_UCOMISS, Op::compare},
    {X86_INS_TEST, Op::test},
    {X86_INS_NOP, Op::nothing},
    {X86_INS_PREFETCHNTA, Op::nothing},
    {X86_INS_PREFETCHT0, Op::nothing},
    {X86_INS_ENDBR64, Op::nothing},
    {X86_INS_SETE, Op::setOn},
    {X86_INS_SETNE, Op::setOn},
    {X86_INS_CMPXCHG, Op::compareExchange},
    {X86_INS_XADD, Op::exchangeAdd},
    {X86_INS_STOSB, Op::fill},
    {X86_INS_STOSW, Op::fill},
    {X86_INS_STOSD, Op::fill},
    {X86_INS_STOSQ, Op::fill},
    {X86_INS_MOVSB, Op::fill},
    {X86_INS_MOVSW, Op::fill},
    {X86_INS_MOVSQ, Op::fill},
    {X86_INS_CALL, Op::call},
    {X86_INS_JMP, Op::jump},
    {X86_INS_RET, Op::ret},
    {X86_INS_UD2, Op::stop},
    {X86_INS_INT3, Op::stop},
    {X86_INS_HLT, Op::stop},
};

Op opOf(const cs_insn& insn) {
  // By number, for those known; the numbers are dense and small.
  static const auto kOps = [] {
    std::array<Op, X86_INS_ENDING> ops;
    ops.fill(Op::other);
    for (const Known& known : kKnown) ops[known.id] = known.op;
    return ops;
  }();
  const Op op = insn.id < X86_INS_ENDING ? kOps[insn.id] : Op::other;
  if (op != Op::other) return op;
  for (std::uint8_t i = 0; i < insn.detail->groups_count; ++i) {
    if (insn.detail->groups[i] == X86_GRP_JUMP) return Op::branch;
  }
  return Op::other;
}

Operand operandOf(const cs_insn& insn, const cs_x86_op& from) {
  Operand operand;
  operand.size = from.size;
  switch (from.type) {
    case X86_OP_REG:
      operand.kind = Operand::Kind::reg;
      operand.reg = registerOf(from.reg);
      break;
    case X86_OP_IMM:
      operand.kind = Operand::Kind::immediate;
      operand.value = from.imm;
      break;
    case X86_OP_MEM:
      operand.kind = Operand::Kind::memory;
      operand.scale = static_cast<std::uint8_t>(from.mem.scale);
      operand.value = from.mem.disp;
      operand.index = registerOf(from.mem.index);
      operand.base = registerOf(from.mem.base);
      if (from.mem.base == X86_REG_RIP) {
        operand.base = kNoRegister;
        operand.value += static_cast<std::int64_t>(insn.address + insn.size);
      }
      if (from.mem.segment == X86_REG_FS || from.mem.segment == X86_REG_GS) {
        operand.base = kOtherRegister;
      }
      break;
    default:
      break;
  }
  return operand;
}

/// Whether the first operand, when it is one, is only looked at.
bool onlyReads(Op op) {
  return op == Op::compare || op == Op::test || op == Op::push || op == Op::call ||
         op == Op::jump || op == Op::branch || op == Op::nothing;
}

class Amd64Decoder final : public Decoder {
 public:
  Amd64Decoder();
  ~Amd64Decoder() override;
  std::optional<std::vector<Instruction>> decode(Addr start,
                                                 std::span<const std::byte> code) override;

 private:
  Instruction convert() const;

  csh handle_ = 0;
  cs_insn* insn_ = nullptr;
  bool usable_ = false;
};

Amd64Decoder::Amd64Decoder() {
  if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle_) != CS_ERR_OK) return;
  cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
  insn_ = cs_malloc(handle_);
  usable_ = insn_ != nullptr;
}

Amd64Decoder::~Amd64Decoder() {
  if (insn_ != nullptr) cs_free(insn_, 1);
  if (handle_ != 0) cs_close(&handle_);
}

Instruction Amd64Decoder::convert() const {
  const cs_x86& x86 = insn_->detail->x86;
  Instruction result;
  result.pc = insn_->address;
  result.size = static_cast<std::uint8_t>(insn_->size);
  result.op = opOf(*insn_);
  result.locked = x86.prefix[0] == X86_PREFIX_LOCK;
  if (insn_->id == X86_INS_JE || insn_->id == X86_INS_SETE) result.condition = Condition::equal;
  if (insn_->id == X86_INS_JNE || insn_->id == X86_INS_SETNE)
    result.condition = Condition::notEqual;
  const std::size_t count = std::min<std::size_t>(x86.op_count, std::size(x86.operands));
  Operand* const to[] = {&result.a, &result.b, &result.c};
  for (std::size_t i = 0; i < std::min(count, std::size(to)); ++i) {
    *to[i] = operandOf(*insn_, x86.operands[i]);
  }
  if (insn_->id == X86_INS_XOR && result.a.kind == Operand::Kind::reg &&
      result.b.kind == Operand::Kind::reg && result.a.reg == result.b.reg) {
    result.op = Op::clear;
  }
  const auto write = [&](Register reg) {
    if (reg >= 0) result.written |= 1U << reg;
  };
  if (!onlyReads(result.op)) {
    if (result.a.kind == Operand::Kind::reg) write(result.a.reg);
    result.stores = result.a.kind == Operand::Kind::memory;
  }
  cs_regs read, written;
  std::uint8_t reads = 0, writes = 0;
  if (cs_regs_access(handle_, insn_, read, &reads, written, &writes) == CS_ERR_OK) {
    for (std::uint8_t i = 0; i < writes; ++i) write(registerOf(written[i]));
  }
  for (std::size_t i = 1; i < count; ++i) {
    if ((x86.operands[i].access & CS_AC_WRITE) == 0) continue;
    if (x86.operands[i].type == X86_OP_REG) write(registerOf(x86.operands[i].reg));
  }
  return result;
}

std::optional<std::vector<Instruction>> Amd64Decoder::decode(Addr start,
                                                             std::span<const std::byte> code) {
  if (!usable_) return std::nullopt;
  std::vector<Instruction> result;
  constexpr std::size_t kAverage = 4;  // bytes
  result.reserve(code.size() / kAverage);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(code.data());
  std::size_t left = code.size();
  std::uint64_t address = start;
  while (left > 0) {
    if (!cs_disasm_iter(handle_, &bytes, &left, &address, insn_)) return std::nullopt;
    result.push_back(convert());
  }
  return result;
}

}  // namespace

std::unique_ptr<Decoder> amd64Decoder() { return std::make_unique<Amd64Decoder>(); }

}  // namespace parked::arch
