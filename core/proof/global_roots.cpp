#include "proof/global_roots.h"

#include <cstring>

#include "schema/p.h"

namespace parked::proof {

namespace {

bool visitRange(target::AddressSpace& memory, Addr from, Addr to, Addr mask, std::int32_t bits,
                const std::function<void(Addr, Addr)>& visit) {
  if (from == to) return true;
  const std::uint64_t words = (to - from) / kWord;
  // The linker's mask is for all of them; a shorter one would hide pointers.
  if (from > to || bits < 0 || static_cast<std::uint64_t>(bits) < words) return false;
  const auto bytes = memory.view(from, words * kWord);
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

std::optional<std::string> visitGlobals(image::Image& image,
                                        const std::function<void(Addr, Addr)>& visit) {
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
  return std::nullopt;
}

std::vector<Addr> timerHeaps(image::Image& image) {
  std::vector<Addr> result;
  const auto layout = schema::PLayout::of(image.layouts());
  const auto symbol = image.symbol("runtime.allp");
  auto& memory = image.target().memory();
  if (layout.timerHeap == schema::PLayout::kAbsent || !symbol) return result;
  const auto list = schema::PList::read(memory, *symbol);
  for (std::uint64_t i = 0; list && i < list->size(); ++i) {
    const Addr p = list->at(i).value_or(0);
    Addr array = 0;
    if (p != 0 && memory.read(p + layout.timerHeap, array) && array != 0) result.push_back(array);
  }
  return result;
}

}  // namespace parked::proof
