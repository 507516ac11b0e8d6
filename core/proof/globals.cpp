#include "proof/globals.h"

#include <cstring>

namespace parked::proof {

namespace {

constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kMaxPs = 1 << 16;

bool visitRange(target::AddressSpace& memory, Addr from, Addr to, Addr mask, std::int32_t bits,
                const std::function<void(Addr, Addr)>& visit) {
  if (from == to) return true;
  const std::uint64_t words = (to - from) / kWord;
  // The linker's mask is for all of them; a shorter one would hide pointers.
  if (from > to || bits < 0 || static_cast<std::uint64_t>(bits) < words) return false;
  const auto bytes = memory.bytes(from, words * kWord);
  const auto bitmap = memory.bytes(mask, (words + 7) / 8);
  if (words != 0 && (bytes.empty() || bitmap.empty())) return false;
  for (std::uint64_t word = 0; word < words; ++word) {
    if ((std::to_integer<unsigned>(bitmap[word / 8]) >> (word % 8) & 1) == 0) continue;
    Addr value;
    std::memcpy(&value, bytes.data() + word * kWord, kWord);
    if (value != 0) visit(from + word * kWord, value);
  }
  return true;
}

}  // namespace

std::string visitGlobals(image::Image& image, const std::function<void(Addr, Addr)>& visit) {
  auto& memory = image.target().memory();
  if (image.modules().empty() || image.modules().back().next != 0) {
    return "not all modules of the program are readable";
  }
  for (const image::Module& module : image.modules()) {
    if (!visitRange(memory, module.data, module.dataEnd, module.dataMask, module.dataMaskBits,
                    visit) ||
        !visitRange(memory, module.bss, module.bssEnd, module.bssMask, module.bssMaskBits, visit)) {
      return "the program's variables are not in the target's memory";
    }
  }
  return {};
}

std::vector<Addr> timerHeaps(image::Image& image) {
  std::vector<Addr> result;
  std::vector<std::string> missing;
  image::Binder p(image.layouts(), "runtime.p", missing);
  // []*timer up to 1.22; since 1.23 timers.heap, a slice of pairs.
  std::uint32_t offset = p.offsetOf("timers.heap", false);
  if (offset == image::Field<Addr>::kAbsent) offset = p.offsetOf("timers", true);
  const auto symbol = image.symbol("runtime.allp");
  auto& memory = image.target().memory();
  Addr list = 0;
  std::uint64_t count = 0;
  if (!missing.empty() || !symbol || !memory.read(*symbol, list) ||
      !memory.read(*symbol + kWord, count) || count > kMaxPs) {
    return result;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    Addr each = 0, array = 0;
    if (memory.read(list + i * kWord, each) && each != 0 && memory.read(each + offset, array) &&
        array != 0) {
      result.push_back(array);
    }
  }
  return result;
}

}  // namespace parked::proof
