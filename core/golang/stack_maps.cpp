#include "golang/stack_maps.h"

#include <string_view>

namespace parked::golang {

namespace {

constexpr std::uint64_t kMaxObjects = 1 << 16;
constexpr std::uint32_t kMaxWords = 1 << 24;

}  // namespace

std::optional<StackObjects> readStackObjects(target::AddressSpace& memory, Addr table) {
  if (table == 0) return StackObjects();
  std::uint64_t count = 0;
  if (!memory.read(table, count) || count > kMaxObjects) return std::nullopt;
  const auto bytes = memory.bytes(table + sizeof count, count * sizeof(StackObject));
  if (bytes.empty() && count != 0) return std::nullopt;
  return StackObjects(bytes);
}

StackMaps::StackMaps(image::Image& image) : image_(image), memory_(image.target().memory()) {}

const FrameLiveness& StackMaps::at(const Frame& frame) {
  // The same pc as a return address and as an interrupted instruction says different things; the
  // latter is always scanned whole by its callee's word, so one entry does for both.
  const std::uint32_t known = known_.find(frame.pc);
  if (known != AddrMap::kMissing) return shapes_[known];
  known_.insert(frame.pc, static_cast<std::uint32_t>(shapes_.size()));
  shapes_.push_back(read(frame));
  return shapes_.back();
}

/// runtime.stackmap: {n, nbit int32, bytes}: n bitmaps of nbit bits.
bool StackMaps::readMask(Addr table, std::int32_t id, WordMask& out) const {
  struct {
    std::int32_t count, bits;
  } header;
  if (table == 0 || !memory_.read(table, header) || header.count <= 0 || header.bits < 0) {
    return false;
  }
  if (header.bits == 0) return true;
  const auto bits = static_cast<std::uint32_t>(header.bits);
  if (id < 0 || id >= header.count || bits > kMaxWords) return false;
  const std::uint64_t size = (bits + std::uint64_t{7}) / 8;
  out.bits = memory_.bytes(table + sizeof header + static_cast<std::uint64_t>(id) * size, size);
  out.words = out.bits.empty() ? 0 : bits;
  return out.words != 0;
}

FrameLiveness StackMaps::read(const Frame& frame) const {
  using image::FuncData;
  using image::PcData;
  FrameLiveness result;
  const image::FunctionTable& functions = image_.functions();
  if (frame.function == image::kNoFunc) {
    result.wholeLocals = result.argsOfCaller = true;
    return result;
  }
  const image::Function& function = functions.function(frame.function);
  const std::string_view name = function.name;
  // A call that a signal injected: registers of the interrupted code were saved in its frame. After
  // sigpanic only what the deferred calls need is live, which is less than every word.
  if (name == "runtime.asyncPreempt" || name == "runtime.sigpanic" ||
      name.starts_with("runtime.debugCall")) {
    result.wholeLocals = result.argsOfCaller = result.callerWhole = true;
    return result;
  }
  std::int32_t id = 0;
  if (frame.pc != function.entry) {
    id = functions.pcData(frame.function, PcData::stackMapIndex, frame.pc - 1);
    if (id == -1) id = 0;  // no value: in the prologue, as the runtime assumes
  }
  result.wholeLocals =
      !readMask(functions.funcData(frame.function, FuncData::localPointers), id, result.locals);
  if (function.argBytes == image::kArgsUnknown) {
    // reflect's stubs keep arguments in their own frame and pass on those of their caller.
    result.wholeLocals = result.argsOfCaller = true;
  } else if (function.argBytes > 0) {
    result.argBytes = function.argBytes;
    result.wholeArgs =
        !readMask(functions.funcData(frame.function, FuncData::argPointers), id, result.args);
  }
  const auto objects =
      readStackObjects(memory_, functions.funcData(frame.function, FuncData::stackObjects));
  if (objects) {
    result.objects = *objects;
  } else {  // they may be anywhere in the frame
    result.wholeLocals = result.wholeArgs = true;
  }
  for (const image::Module& module : image_.modules()) {
    if (frame.pc >= module.minPc && frame.pc < module.maxPc) result.masks = module.rodata;
  }
  return result;
}

}  // namespace parked::golang
