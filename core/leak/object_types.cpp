#include "leak/object_types.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "image/symbol_name.h"
#include "image/variable_references.h"
#include "target/read_log.h"

namespace parked::leak {

namespace {

using image::RuntimeType;
using image::TypeKind;

constexpr std::uint64_t kLargestWithoutHeader = 512;  // runtime.minSizeForMallocHeader
constexpr std::size_t kMaxParts = 512;
constexpr std::uint64_t kMaxElements = 64;  // of an array
constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxPackages = 64;
constexpr std::uint64_t kMaxCode = 1 << 16;

// The most telling first.
constexpr std::array<std::string_view, 13> kClosers = {
    "Close",      "Stop",        "Shutdown", "Cancel",  "Release",      "Quit",     "Terminate",
    "Disconnect", "Unsubscribe", "Dispose",  "Destroy", "GracefulStop", "CloseNow",
};

std::string lowered(std::string_view name) {
  std::string lower(name);
  lower.front() = static_cast<char>(lower.front() | 0x20);
  return lower;
}

/// As the linker writes an import path in a symbol. Mirrors cmd/internal/objabi.PathToPrefix.
std::string escapedPath(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto byte = static_cast<unsigned char>(path[i]);
    const bool last = slash == std::string_view::npos || i > slash;
    if (byte <= ' ' || (byte == '.' && last) || byte == '%' || byte == '"' || byte >= 0x7f) {
      out += fmt::format("%{:02x}", byte);
    } else {
      out += path[i];
    }
  }
  return out;
}

}  // namespace

ObjectTypes::ObjectTypes(image::Image& image, const heap::Heap& heap,
                         const heap::Pointers& pointers)
    : image_(image),
      heap_(heap),
      pointers_(pointers),
      types_(image.runtimeTypes()),
      memory_(image.target().memory()) {}

const RuntimeType* ObjectTypes::named(const std::string& fullName) {
  const auto [at, isNew] = named_.try_emplace(fullName, 0);
  if (isNew) {
    at->second = types_.find(fullName);
    if (at->second == 0) indexPackage(fullName.substr(0, fullName.rfind('.')));
  }
  return at->second == 0 ? nullptr : types_.at(at->second);
}

/// Whoever makes a value on the heap hands its type to the runtime: the code has the descriptor's
/// address.
void ObjectTypes::indexPackage(const std::string& package) {
  if (indexed_.size() >= kMaxPackages || !indexed_.insert(package).second) return;
  const std::string symbol = escapedPath(package);
  const image::FunctionTable& functions = image_.functions();
  for (image::FuncIndex i = 0; i < functions.size(); ++i) {
    const image::Function& function = functions.function(i);
    if (image::packageOf(function.name) != symbol || function.end <= function.entry ||
        !memory_.contains(function.entry)) {
      continue;
    }
    const auto code = memory_.bytes(
        function.entry, std::min<std::uint64_t>(function.end - function.entry, kMaxCode));
    for (const auto& reference : image::codeRefs(image_.target().arch(), function.entry, code)) {
      if (!reference.address) continue;
      const RuntimeType* type = types_.at(reference.target);
      if (type != nullptr && type->named && type->package == package) {
        named_[types_.fullName(*type)] = type->address;
      }
    }
  }
}

Addr ObjectTypes::itabType(Addr word) {
  if (word % kWord != 0 || !memory_.contains(word)) return 0;
  const auto [at, isNew] = itabs_.try_emplace(word, 0);
  if (isNew) at->second = types_.itabAt(word).type;
  return at->second;
}

const RuntimeType* ObjectTypes::ofInterface(Addr word) {
  const RuntimeType* type = types_.at(word);
  if (type == nullptr) type = types_.at(itabType(word));
  return type != nullptr && type->kind == TypeKind::pointer ? types_.at(type->element) : nullptr;
}

Addr ObjectTypes::valueOf(heap::ObjectRef object) const {
  const heap::Span& span = heap_.spans()[object.span];
  const bool header = heap_.scheme() == heap::PointerScheme::headers && span.scan &&
                      !span.conservative && span.elementSize > kLargestWithoutHeader &&
                      !heap_.details(object.span).large;
  return heap_.address(object) + (header ? kWord : 0);
}

const std::vector<TypePart>& ObjectTypes::partsOf(const RuntimeType& type) {
  const auto [at, isNew] = parts_.try_emplace(type.address);
  if (isNew) addParts(type.address, 0, {}, 0, at->second);
  return at->second;
}

void ObjectTypes::addParts(Addr descriptor, std::uint64_t offset, const std::string& name,
                           int depth, std::vector<TypePart>& parts) {
  const RuntimeType* type = types_.at(descriptor);
  if (type == nullptr || depth > kMaxDepth || parts.size() >= kMaxParts) return;
  if (type->kind == TypeKind::structure) {
    for (const image::RuntimeField& field : type->fields) {
      const std::string path = name.empty() ? field.name : name + '.' + field.name;
      addParts(field.type, offset + field.offset, path, depth + 1, parts);
    }
  } else if (type->kind == TypeKind::array) {
    const RuntimeType* element = types_.at(type->element);
    if (element == nullptr) return;
    for (std::uint64_t i = 0; i < std::min(type->length, kMaxElements); ++i) {
      addParts(type->element, offset + i * element->size, {}, depth + 1, parts);
    }
  } else {
    parts.push_back(
        {offset, type->kind, descriptor, type->kind == TypeKind::string ? name : std::string()});
  }
}

/// Whether what is there may be a value of the part's type.
bool ObjectTypes::isValue(const TypePart& part, Addr at) {
  const Addr word = part.kind == TypeKind::boolean ? 0 : memory_.pointer(at);
  switch (part.kind) {
    case TypeKind::boolean: {
      const auto byte = memory_.bytes(at, 1);
      return !byte.empty() && std::to_integer<unsigned>(byte.front()) <= 1;
    }
    case TypeKind::string:
      return memory_.covers(word, memory_.word(at + kWord)) || memory_.word(at + kWord) == 0;
    case TypeKind::slice:
      return memory_.word(at + kWord) <= memory_.word(at + 2 * kWord) &&
             (word == 0 || memory_.contains(word));
    case TypeKind::interface: {
      if (word == 0) return memory_.word(at + kWord) == 0;
      return types_.at(word) != nullptr || itabType(word) != 0;
    }
    case TypeKind::pointer: {
      const RuntimeType* type = types_.at(part.type);
      const RuntimeType* element = type != nullptr ? types_.at(type->element) : nullptr;
      const heap::ObjectRef object = heap_.find(word);
      if (!object) return word == 0 || memory_.contains(word);
      const std::uint64_t behind =
          heap_.address(object) + heap_.spans()[object.span].elementSize - word;
      return heap_.allocated(object) && (element == nullptr || element->size <= behind);
    }
    case TypeKind::channel:
    case TypeKind::map:
    case TypeKind::function:
      return word == 0 || memory_.contains(word);
    default:
      return true;
  }
}

/// Pointers as the collector knows them: of an interface its data alone.
bool ObjectTypes::samePointers(heap::ObjectRef object, const RuntimeType& type) {
  std::vector<std::uint64_t> expected, found;
  for (const TypePart& part : partsOf(type)) {
    switch (part.kind) {
      case TypeKind::interface:
        expected.push_back(part.offset + kWord);
        break;
      case TypeKind::string:
      case TypeKind::slice:
      case TypeKind::pointer:
      case TypeKind::unsafePointer:
      case TypeKind::channel:
      case TypeKind::map:
      case TypeKind::function:
        expected.push_back(part.offset);
        break;
      default:
        break;
    }
  }
  const Addr base = heap_.address(object);
  const bool parsed = pointers_.visit(object, [&](Addr at, Addr) { found.push_back(at - base); });
  return parsed && found == expected;
}

bool ObjectTypes::fits(heap::ObjectRef object, const RuntimeType& type) {
  if (!object || !heap_.allocated(object) || type.size == 0) return false;
  const heap::Span& span = heap_.spans()[object.span];
  const Addr value = valueOf(object);
  const std::uint64_t room = span.elementSize - (value - heap_.address(object));
  // Size classes waste an eighth at most, and small ones up to 16 bytes.
  if (span.conservative || room < type.size || room > type.size + type.size / 7 + 16) return false;
  if (heap_.scheme() == heap::PointerScheme::headers && span.scan &&
      span.elementSize > kLargestWithoutHeader) {
    const heap::SpanDetails& details = heap_.details(object.span);
    return (details.large ? details.largeType : memory_.pointer(value - kWord)) == type.address;
  }
  if (partsOf(type).size() >= kMaxParts || !samePointers(object, type)) return false;
  target::ReadLog::Trial trial(memory_.log());
  const bool all = std::ranges::all_of(
      partsOf(type), [&](const TypePart& part) { return isValue(part, value + part.offset); });
  if (all) trial.keep();
  return all;
}

std::vector<std::string> ObjectTypes::methodsOf(const RuntimeType& type) {
  std::vector<std::string> names = types_.methodNames(type);
  const std::string fullName = types_.fullName(type);
  if (const RuntimeType* pointer = types_.at(types_.find("*" + fullName))) {
    const auto more = types_.methodNames(*pointer);
    names.insert(names.end(), more.begin(), more.end());
  }
  // A type whose pointer has no descriptor: the methods that somebody calls have code.
  const std::size_t dot = type.name.find('.');
  if (dot == std::string::npos || type.package.empty()) return names;
  const std::string symbol =
      fmt::format("{}.(*{}).", escapedPath(type.package), type.name.substr(dot + 1));
  for (const std::string_view closer : kClosers) {
    for (const std::string& name : {std::string(closer), lowered(closer)}) {
      if (image_.functions().byName(symbol + name) != image::kNoFunc) names.push_back(name);
    }
  }
  return names;
}

std::string ObjectTypes::closerOf(const RuntimeType& type, bool own) {
  const auto [at, isNew] = closers_.try_emplace({type.address, own});
  if (!isNew || !type.named) return at->second;
  const std::vector<std::string> methods = methodsOf(type);
  const auto has = [&](std::string_view name) {
    return std::ranges::find(methods, name) != methods.end();
  };
  for (const std::string_view closer : kClosers) {
    if (has(closer)) return at->second = closer;
  }
  for (const std::string_view closer : kClosers) {
    if (own && has(lowered(closer))) return at->second = lowered(closer);
  }
  return at->second;
}

}  // namespace parked::leak
