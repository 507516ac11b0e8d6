// Mirrors runtime/traceback.go (printArgs) and the constants of internal/abi/symtab.go
// (TraceArgs…), the same from Go 1.18 to 1.27.
#include "golang/arguments.h"

#include <fmt/format.h>
#include <iterator>
#include <string>

#include "golang/unwind.h"
#include "image/func_table.h"
#include "image/inline_tree.h"
#include "schema/releases.h"

namespace parked::golang {

namespace {

enum : std::uint8_t {
  kEndSequence = 0xff,
  kStartAggregate = 0xfe,
  kEndAggregate = 0xfd,
  kDotDotDot = 0xfc,
  kOffsetTooLarge = 0xfb,
};

// TraceArgsMaxLen: no more than 10 components, nested no deeper than 5.
constexpr std::size_t kMaxLength = (5 * 3 + 2) * 10 + 1;
// Deeper than any inlining: a damaged tree could be a circle.
constexpr int kMaxInlineDepth = 1000;

/// Which spilled register arguments still hold their value at a pc.
class ArgumentLiveness {
 public:
  ArgumentLiveness(image::Image& image, image::FuncIndex function, Addr pc)
      : memory_(image.target().memory()),
        info_(image.functions().funcData(function, image::FuncData::argLiveInfo)),
        index_(image.functions().pcData(function, image::PcData::argLive, pc)) {
    if (info_ != 0) memory_.read(info_, startOffset_);
  }

  /// Slots below it are on the stack and always live.
  std::uint8_t startOffset() const { return startOffset_; }

  bool isLive(std::uint8_t offset, std::uint8_t slot) const {
    if (info_ == 0 || index_ <= 0 || offset < startOffset_) return true;
    std::uint8_t bits = 0;
    memory_.read(info_ + static_cast<Addr>(index_) + slot / 8, bits);
    return (bits >> (slot % 8) & 1) != 0;
  }

 private:
  target::AddressSpace& memory_;
  Addr info_;
  std::int32_t index_;
  std::uint8_t startOffset_ = 0xff;
};

/// Where the liveness of a frame's arguments is looked up. Since 1.21 that is where the frame
/// stands; before, it is the call of the outermost function inlined there, because printing the
/// inlined calls had moved the pc.
Addr livenessPc(image::Image& image, const Frame& frame) {
  Addr pc = frame.exact ? frame.pc : frame.pc - 1;
  const image::GoVersion& version = image.build().version;
  if (!schema::inlinedCallsMoveThePc(version)) return pc;
  const auto& functions = image.functions();
  const Addr tree = functions.funcData(frame.function, image::FuncData::inlineTree);
  if (tree == 0) return pc;
  const auto format = image::PclnFormat::of(version);
  for (int depth = 0; depth < kMaxInlineDepth; ++depth) {
    const std::int32_t index = functions.pcData(frame.function, image::PcData::inlineTree, pc);
    if (index < 0) break;
    const auto call = image::readInlinedCall(image.target().memory(), format, tree, index);
    if (!call) break;
    pc = functions.function(frame.function).entry + call->parentPc;
  }
  return pc;
}

/// The value of `size` bytes at `address` as Go prints it; "_" if it cannot be read, or is one that
/// a redacted dump need not have.
std::string valueText(target::AddressSpace& memory, Addr address, std::uint8_t size) {
  const std::size_t length = size < 8 ? size : 8;
  const auto bytes = memory.view(address, length);
  if (length == 0 || bytes.empty()) return "_";
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  }
  if (value == 0 && memory.standIns()) return "_";
  return fmt::format("{:#x}", value);
}

}  // namespace

std::string formatArguments(image::Image& image, const Frame& frame) {
  if (frame.function == image::kNoFunc) return {};
  auto& memory = image.target().memory();
  const Addr info = image.functions().funcData(frame.function, image::FuncData::argInfo);
  if (info == 0) return {};
  const auto program = memory.bytesUpTo(info, kMaxLength);
  const ArgumentLiveness liveness(image, frame.function, livenessPc(image, frame));

  std::string text;
  bool start = true;
  std::uint8_t slot = 0;  // of the spilled register arguments
  const auto comma = [&] {
    if (!start) text += ", ";
  };
  for (std::size_t i = 0; i < program.size(); ++i) {
    const auto op = std::to_integer<std::uint8_t>(program[i]);
    if (op == kEndSequence) break;
    if (op == kStartAggregate) {
      comma();
      text += '{';
      start = true;
      continue;
    }
    if (op == kEndAggregate) {
      text += '}';
    } else if (op == kDotDotDot) {
      comma();
      text += "...";
    } else if (op == kOffsetTooLarge) {
      comma();
      text += '_';
    } else {
      comma();
      if (++i >= program.size()) break;
      text += valueText(memory, frame.argp + op, std::to_integer<std::uint8_t>(program[i]));
      if (!liveness.isLive(op, slot)) text += '?';
      if (op >= liveness.startOffset()) ++slot;
    }
    start = false;
  }
  return text;
}

std::optional<std::uint64_t> wordArgument(image::Image& image, const Frame& frame,
                                          std::size_t number) {
  if (frame.function == image::kNoFunc) return std::nullopt;
  auto& memory = image.target().memory();
  const Addr info = image.functions().funcData(frame.function, image::FuncData::argInfo);
  std::uint64_t value = 0;
  const auto read = [&](Addr at) {
    return memory.read(at, value) ? std::optional(value) : std::nullopt;
  };
  // Of assembly nothing may be told: it has its arguments on the stack.
  if (info == 0) return read(frame.argp + number * kWord);
  const auto program = memory.bytesUpTo(info, kMaxLength);
  const ArgumentLiveness liveness(image, frame.function, livenessPc(image, frame));
  std::uint8_t slot = 0;
  for (std::size_t i = 0; i + 1 < program.size(); i += 2) {
    const auto op = std::to_integer<std::uint8_t>(program[i]);
    if (op >= kOffsetTooLarge || std::to_integer<std::uint8_t>(program[i + 1]) != kWord) break;
    if (i / 2 == number) {
      return liveness.isLive(op, slot) ? read(frame.argp + op) : std::nullopt;
    }
    if (op >= liveness.startOffset()) ++slot;
  }
  return std::nullopt;
}

}  // namespace parked::golang
