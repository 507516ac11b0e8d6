#include "proof/uncounted.h"

#include <algorithm>
#include <array>
#include <string>

#include "image/symbol_name.h"
#include "image/type_source.h"
#include "image/variable_references.h"

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

/// Bytes of what a variable points to; more is not laid out beside variables.
constexpr std::uint64_t kLargest = 4096;

}  // namespace

const UncountedEdges* uncountedAt(const image::Image& image, Addr word) {
  return UncountedWords(image).at(word);
}

// The compiler lays what a variable points to from the start out beside it, without a name.
UncountedWords::UncountedWords(const image::Image& image) : image_(image) {
  for (const UncountedEdges& edges : kEdges) {
    const auto variable = image.symbol(edges.variable);
    if (!variable) continue;
    parts_.push_back({*variable, *variable + sizeof(Addr), &edges});
    if (edges.alone) channels_.push_back(*variable);
    addObject(edges, *variable);
  }
}

void UncountedWords::addObject(const UncountedEdges& edges, Addr variable) {
  image::TypeSource& types = image_.types();
  const image::TypeRef type = types.variable(edges.variable);
  const Addr value = image_.target().memory().word(variable);
  const std::uint64_t size = types.isPointer(type) ? types.size(types.pointee(type)) : 0;
  if (value != 0 && size != 0 && size <= kLargest) parts_.push_back({value, value + size, &edges});
  // Without types: the words there to which the package stores when it is initialised.
  if (type != image::TypeRef{} || edges.alone) return;
  const std::string init = std::string(edges.package) + ".init";
  for (const image::CodeRef& ref : image::codeRefs(image_.target(), image_.functions(), init)) {
    if (!ref.store || ref.width != sizeof(Addr)) continue;
    if (ref.target >= value && ref.target - value < kLargest) {
      parts_.push_back({ref.target, ref.target + sizeof(Addr), &edges});
    }
  }
}

const UncountedEdges* UncountedWords::at(Addr word) const {
  if (parts_.empty()) return nullptr;
  for (const Part& part : parts_) {
    if (word >= part.from && word < part.to) return part.edges;
  }
  const std::string_view name = image_.variableAt(word).name;
  const std::string_view package = image::packageOf(name);
  const auto found = std::ranges::find_if(kEdges, [&](const UncountedEdges& edges) {
    return edges.package == package && !edges.alone;
  });
  return found == kEdges.end() ? nullptr : &*found;
}

std::vector<Addr> UncountedWords::channels() const {
  std::vector<Addr> all;
  for (const Addr variable : channels_) {
    if (const Addr channel = image_.target().memory().word(variable)) all.push_back(channel);
  }
  return all;
}

}  // namespace parked::proof
