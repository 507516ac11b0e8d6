#include "proof/uncounted.h"

#include <algorithm>
#include <array>

#include "image/symbol_name.h"
#include "image/type_source.h"

namespace parked::proof {

namespace {

constexpr std::array kEdges = {
    // Only grpc can import it; its service answers questions about numbers from it, and entries
    // leave it when their connection is closed.
    UncountedEdges{"google.golang.org/grpc/internal/channelz",
                   "google.golang.org/grpc/internal/channelz.db",
                   "gRPC's list for looking at connections (channelz) closes none"},
    // Done() of a context that has values and no end: made once, for all, and closed nowhere.
    UncountedEdges{"go.etcd.io/etcd/client/v3", "go.etcd.io/etcd/client/v3.valCtxCh",
                   "the channel of etcd's contexts without an end is never closed", true},
};

}  // namespace

const UncountedEdges* uncountedAt(const image::Image& image, Addr word) {
  const auto variable = image.variableAt(word);
  const std::string_view package = image::packageOf(variable.name);
  const auto at = std::ranges::find_if(kEdges, [&](const UncountedEdges& edges) {
    return edges.package == package && (!edges.alone || edges.variable == variable.name);
  });
  return at == kEdges.end() ? nullptr : &*at;
}

// The compiler lays what a variable points to from the start out beside it, without a name.
UncountedWords::UncountedWords(const image::Image& image) : image_(image) {
  constexpr std::uint64_t kLargest = 4096;
  image::TypeSource& types = image.types();
  target::AddressSpace& memory = image.target().memory();
  for (const UncountedEdges& edges : kEdges) {
    const auto variable = image.symbol(edges.variable);
    if (!variable) continue;
    any_ = true;
    const image::TypeRef type = types.variable(edges.variable);
    const Addr value = types.isPointer(type) ? memory.word(*variable) : 0;
    const std::uint64_t size = value == 0 ? 0 : types.size(types.pointee(type));
    if (size != 0 && size <= kLargest) values_.emplace_back(value, value + size);
  }
}

bool UncountedWords::contains(Addr word) const {
  const bool ofValue = std::ranges::any_of(
      values_, [word](const auto& value) { return word >= value.first && word < value.second; });
  return any_ && (ofValue || uncountedAt(image_, word) != nullptr);
}

std::vector<Addr> UncountedWords::channels() const {
  std::vector<Addr> all;
  for (const UncountedEdges& edges : kEdges) {
    const auto variable = edges.alone ? image_.symbol(edges.variable) : std::nullopt;
    if (!variable) continue;
    if (const Addr channel = image_.target().memory().word(*variable)) all.push_back(channel);
  }
  return all;
}

}  // namespace parked::proof
