#include "leak/typed_way.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <system_error>
#include <utility>

#include "image/itab_layout.h"
#include "image/runtime_types.h"
#include "image/shapes.h"
#include "schema/hchan.h"

namespace parked::leak {

namespace {

using image::PointerKind;

// Names the linker gives to the structs of maps (cmd/link/internal/ld/dwarf.go): hash and bucket up
// to 1.23, the others since. The last two are the compiler's (cmd/compile/internal/reflectdata).
constexpr std::array<std::string_view, 9> kMapParts = {
    "hash<",           "bucket<",          "map<",       "table<",     "group<",
    "groupReference<", "noalg.map.group[", "map.group[", "map.bucket["};
constexpr std::string_view kSwissMap = "map<";
constexpr std::string_view kChannel = "hchan<";
// Of the runtime's own structs, whatever the debug information says of their size.
constexpr std::uint64_t kLargestHeader = 512;

}  // namespace

TypedWay::TypedWay(const golang::Snapshot& snapshot)
    : memory_(snapshot.image->target().memory()),
      image_(*snapshot.image),
      types_(snapshot.image->types()) {
  std::vector<std::string> missing;
  elementType_ = schema::HchanLayout::of(image_.layouts(), missing).elementType;
  itabType_ = image::ItabLayout::of(image_.layouts()).type;
}

void TypedWay::enter(std::string_view variable, Addr address) {
  type_ = variable.empty() ? 0 : types_.variable(variable);
  start_ = address;
  several_ = false;
}

void TypedWay::reach(const heap::Heap& heap, Addr object) {
  constexpr std::uint64_t kLargestWithoutHeader = 512;
  const heap::ObjectRef found = heap.find(object);
  if (type_ != 0 || !found || heap.scheme() != heap::PointerScheme::headers) return;
  const heap::Span& span = heap.spans()[found.span];
  const heap::SpanDetails& details = heap.details(found.span);
  if (!span.scan || span.conservative || span.elementSize <= kLargestWithoutHeader) return;
  Addr descriptor = details.largeType;
  const Addr header = details.large ? 0 : kWord;  // in front of the value
  const Addr base = heap.address(found);
  if (!details.large) descriptor = memory_.pointer(base);
  type_ = described(descriptor);
  start_ = base + header;
  several_ =
      type_ != 0 && types_.size(type_) != 0 && 2 * types_.size(type_) <= span.elementSize - header;
}

void TypedWay::reachChannel(Addr channel) {
  Addr element = 0;
  if (type_ != 0 || !elementType_ || !memory_.contains(channel + elementType_.offset)) return;
  element = memory_.pointer(channel + elementType_.offset);
  if (const image::TypeRef type = described(element); type != 0) type_ = types_.channelOf(type);
  start_ = channel;
  several_ = false;
}

std::string TypedWay::type() const {
  return type_ != 0 ? image::withoutShapes(types_.name(type_)) : std::string();
}

std::string TypedWay::pointerType() const {
  std::string name = type();
  if (name.empty() || insideMap()) return name;
  if (name.starts_with(kChannel)) {
    return fmt::format("chan {}", name.substr(kChannel.size(), name.size() - kChannel.size() - 1));
  }
  return (several_ ? "[]" : "*") + name;
}

std::uint64_t TypedWay::arrayLength() const {
  const std::string name = type();
  std::uint64_t length = 0;
  if (!name.starts_with('[')) return 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), length);
  return error == std::errc() && *end == ']' ? length : 0;
}

bool TypedWay::insideMap() const {
  const std::string name = type();
  return std::ranges::any_of(kMapParts, [&](std::string_view part) {
    return name.starts_with(part) || (name.starts_with("*") && name.substr(1).starts_with(part));
  });
}

image::TypeRef TypedWay::described(Addr descriptor) const {
  const Addr bias = image_.target().bias();
  for (const image::Module& module : image_.modules()) {
    if (descriptor < module.types || descriptor >= module.typesEnd) continue;
    return types_.described(descriptor - bias, module.types - bias);
  }
  return 0;
}

/// What the word says that it is before the data of an interface: the type, or an itab, which has
/// the type. (Where the types are, itabs may be, too.) 0 if it is neither.
image::TypeRef TypedWay::heldBy(Addr word) const {
  Addr before = 0, type = 0;
  if (!memory_.contains(word)) return 0;
  before = memory_.pointer(word);
  const image::TypeRef own = described(before);
  if (own != 0 || !itabType_ || !memory_.contains(before + itabType_.offset)) return own;
  type = memory_.pointer(before + itabType_.offset);
  return described(type);
}

void TypedWay::followInterface(Addr at, Addr value) {
  type_ = heldBy(at - kWord);
  // What fits a pointer is the data word itself; all else it points to.
  if (types_.isPointer(type_)) type_ = types_.pointee(type_);
  start_ = value;
  several_ = false;
}

/// A small Swiss map has no directory of tables: the word points to its only group.
void TypedWay::followMapDirectory(Addr value) {
  image::TypeRef table = types_.pointee(type_);  // type_ is *table
  const std::uint64_t size = table != 0 ? std::min(types_.size(table), kLargestHeader) : 0;
  for (std::uint64_t at = 0; at < size; at += kWord) {
    const image::TypedWord word = types_.word(table, at);
    if (!word.path.ends_with("groups.data")) continue;
    type_ = word.pointee;
    start_ = value;
    several_ = false;
    return;
  }
  type_ = 0;
}

std::string TypedWay::lockAt(Addr at) const {
  if (type_ == 0 || several_ || at < start_) return {};
  return types_.pathTo("sync.", type_, at - start_);
}

std::string TypedWay::follow(Addr at) {
  if (type_ == 0) {
    // Only interfaces have a type or an itab in front of a pointer.
    Addr value = 0;
    if (memory_.read(at, value)) followInterface(at, value);
    return {};
  }
  const std::uint64_t size = types_.size(type_);
  Addr value = 0;
  std::uint64_t offset = at - start_;
  if (at < start_ || size == 0 || (!several_ && offset >= size) || !memory_.read(at, value)) {
    type_ = 0;
    return {};
  }
  std::string path;
  if (several_) path = fmt::format("[{}]", offset / size);
  offset %= size;
  const bool inMap = insideMap();
  const bool swiss = type().starts_with(kSwissMap);
  const image::TypedWord word = types_.word(type_, offset);
  path += word.path;
  const image::TypeRef from = type_;
  const image::TypeRef element = std::exchange(element_, word.element);
  const Addr fromStart = start_;
  type_ = word.pointee;
  several_ = word.kind == PointerKind::slice;
  start_ = value;
  if (path == ".buf" && types_.name(from).starts_with(kChannel)) {
    type_ = element;
    several_ = true;
  }
  if (word.kind == PointerKind::interfaceData) followInterface(at, value);
  if (swiss && path == ".dirPtr") {
    Addr tables = 0;
    for (std::uint64_t other = 0; other < std::min(size, kLargestHeader); other += kWord) {
      if (types_.word(from, other).path == ".dirLen") memory_.read(fromStart + other, tables);
    }
    if (tables == 0) {
      followMapDirectory(value);
    } else {
      several_ = true;
    }
  } else if (inMap && (path.ends_with("groups.data") || path.ends_with(".buckets") ||
                       path.ends_with(".oldbuckets"))) {
    several_ = true;
  }
  if (!inMap) return path;
  // Of an entry only what lies inside of its key or value is of the user's making.
  for (const std::string_view part : {"elems[", ".elem", ".key", "values[", "keys["}) {
    const std::size_t found = path.find(part);
    if (found == std::string::npos) continue;
    std::size_t end = found + part.size();
    if (part.ends_with('[')) end = path.find(']', end) + 1;
    return path.substr(end);
  }
  return {};
}

}  // namespace parked::leak
