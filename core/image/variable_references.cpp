#include "image/variable_references.h"

#include <algorithm>

#include "arch/architecture.h"

namespace parked::image {

std::vector<CodeRef> codeRefs(const target::Architecture& arch, Addr start,
                              std::span<const std::byte> code) {
  std::vector<CodeRef> refs;
  arch.scan.references(start, code, refs);
  return refs;
}

std::vector<CodeRef> codeRefs(target::Target& target, const FunctionTable& functions,
                              std::string_view function) {
  constexpr std::size_t kMaxFunction = 1 << 16;  // bytes; the functions asked about have thousands
  const FuncIndex index = functions.byName(function);
  if (index == kNoFunc) return {};
  const Function& found = functions.function(index);
  const std::size_t size = std::min<std::size_t>(found.end - found.entry, kMaxFunction);
  return codeRefs(target.arch(), found.entry, target.memory().bytesUpTo(found.entry, size));
}

}  // namespace parked::image
