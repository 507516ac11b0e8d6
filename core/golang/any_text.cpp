#include "golang/any_text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <utility>

#include "target/read_log.h"

namespace parked::golang {

using image::RuntimeField;
using image::RuntimeType;
using image::TypeKind;

namespace {

constexpr std::size_t kLongestText = 4096, kLongestInside = 128, kLongestLiteral = 512;
constexpr std::size_t kFields = 12;
constexpr int kDepth = 3;

/// Types whose text is one of their string fields.
struct KnownError {
  std::string_view type, field, before;
};
constexpr std::array<KnownError, 7> kKnownErrors = {{
    {"errors.errorString", "s", ""},
    {"fmt.wrapError", "msg", ""},
    {"fmt.wrapErrors", "msg", ""},
    {"github.com/pkg/errors.fundamental", "msg", ""},
    {"golang.org/x/xerrors.errorString", "s", ""},
    {"golang.org/x/xerrors.noWrapError", "msg", ""},
    {"runtime.errorAddressString", "msg", "runtime error: "},
}};

// runtime/error.go, boundsErrorFmts and boundsNegErrorFmts: %x is the number that was out of
// bounds, %y what it was measured by.
constexpr std::array<std::string_view, 9> kBounds = {
    "index out of range [%x] with length %y",
    "slice bounds out of range [:%x] with length %y",
    "slice bounds out of range [:%x] with capacity %y",
    "slice bounds out of range [%x:%y]",
    "slice bounds out of range [::%x] with length %y",
    "slice bounds out of range [::%x] with capacity %y",
    "slice bounds out of range [:%x:%y]",
    "slice bounds out of range [%x:%y:]",
    "cannot convert slice with length %x to array or pointer to array with length %y"};
constexpr std::array<std::string_view, 8> kNegative = {
    "index out of range [%x]",          "slice bounds out of range [:%x]",
    "slice bounds out of range [:%x]",  "slice bounds out of range [%x:]",
    "slice bounds out of range [::%x]", "slice bounds out of range [::%x]",
    "slice bounds out of range [:%x:]", "slice bounds out of range [%x::]"};

template <class T>
bool put(target::AddressSpace& memory, Addr address, std::string& out) {
  T value{};
  if (!memory.read(address, value)) return false;
  out = fmt::format("{}", value);
  return true;
}

template <class T>
bool putComplex(target::AddressSpace& memory, Addr address, std::string& out) {
  T real{}, imaginary{};
  if (!memory.read(address, real) || !memory.read(address + sizeof(T), imaginary)) return false;
  out = fmt::format("({}{:+}i)", real, imaginary);
  return true;
}

}  // namespace

std::string AnyText::text(Addr header) {
  const auto found = memory_.goText(header, kLongestText);
  return found ? found->shown() : std::string("(its text is not in the target's memory)");
}

std::string AnyText::quoted(Addr header) {
  const auto found = memory_.goText(header, kLongestInside);
  return found ? fmt::format("\"{}\"", found->shown()) : std::string("(not in memory)");
}

bool AnyText::scalar(const RuntimeType& type, Addr address, std::string& out) {
  switch (type.kind) {
    case TypeKind::boolean: {
      std::uint8_t value = 0;
      if (!memory_.read(address, value)) return false;
      out = value != 0 ? "true" : "false";
      return true;
    }
    case TypeKind::integer:
    case TypeKind::integer64:
      return put<std::int64_t>(memory_, address, out);
    case TypeKind::integer8:
      return put<std::int8_t>(memory_, address, out);
    case TypeKind::integer16:
      return put<std::int16_t>(memory_, address, out);
    case TypeKind::integer32:
      return put<std::int32_t>(memory_, address, out);
    case TypeKind::uinteger:
    case TypeKind::uinteger64:
    case TypeKind::uintptr:
      return put<std::uint64_t>(memory_, address, out);
    case TypeKind::uinteger8:
      return put<std::uint8_t>(memory_, address, out);
    case TypeKind::uinteger16:
      return put<std::uint16_t>(memory_, address, out);
    case TypeKind::uinteger32:
      return put<std::uint32_t>(memory_, address, out);
    case TypeKind::float32:
      return put<float>(memory_, address, out);
    case TypeKind::float64:
      return put<double>(memory_, address, out);
    case TypeKind::complex64:
      return putComplex<float>(memory_, address, out);
    case TypeKind::complex128:
      return putComplex<double>(memory_, address, out);
    default:
      return false;
  }
}

bool AnyText::boundsError(const RuntimeType& type, Addr address, std::string& out) {
  const RuntimeField* x = type.field("x");
  const RuntimeField* y = type.field("y");
  const RuntimeField* isSigned = type.field("signed");
  const RuntimeField* code = type.field("code");
  std::int64_t first = 0, second = 0;
  std::uint8_t sign = 0, which = 0;
  if (x == nullptr || y == nullptr || isSigned == nullptr || code == nullptr ||
      !memory_.read(address + x->offset, first) || !memory_.read(address + y->offset, second) ||
      !memory_.read(address + isSigned->offset, sign) ||
      !memory_.read(address + code->offset, which) || which >= kBounds.size()) {
    return false;
  }
  const bool negative = sign != 0 && first < 0 && which < kNegative.size();
  const std::string_view format = negative ? kNegative[which] : kBounds[which];
  out = "runtime error: ";
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    ++i;
    if (format[i] == 'y') {
      out += fmt::format("{}", second);
    } else if (sign != 0) {
      out += fmt::format("{}", first);
    } else {
      out += fmt::format("{}", static_cast<std::uint64_t>(first));
    }
  }
  return true;
}

bool AnyText::assertionError(const RuntimeType& type, Addr address, std::string& out) {
  const auto nameIn = [&](std::string_view fieldName) -> std::optional<std::string> {
    const RuntimeField* field = type.field(fieldName);
    Addr descriptor = 0;
    if (field == nullptr || !memory_.read(address + field->offset, descriptor)) return std::nullopt;
    if (descriptor == 0) return std::string();
    const RuntimeType* named = types_.at(descriptor);
    return named == nullptr ? std::nullopt : std::optional(named->name);
  };
  const auto from = nameIn("_interface"), is = nameIn("concrete"), wanted = nameIn("asserted");
  const RuntimeField* missing = type.field("missingMethod");
  if (!from || !is || !wanted || missing == nullptr) return false;
  const auto method = memory_.goText(address + missing->offset, kLongestInside);
  if (!method) return false;
  out = "interface conversion: ";
  const std::string_view source = from->empty() ? std::string_view("interface") : *from;
  if (is->empty()) {
    out += fmt::format("{} is nil, not {}", source, *wanted);
  } else if (method->length == 0) {
    out += fmt::format("{} is {}, not {}", source, *is, *wanted);
  } else {
    out += fmt::format("{} is not {}: missing method {}", *is, *wanted, method->shown());
  }
  return true;
}

bool AnyText::errorText(const RuntimeType& type, Addr address, std::string& out) {
  const std::string name = types_.fullName(type);
  if (name == "runtime.boundsError") return boundsError(type, address, out);
  if (name == "runtime.TypeAssertionError") return assertionError(type, address, out);
  if (name == "runtime.PanicNilError") {
    out = "panic called with nil argument";
    return true;
  }
  if (type.kind == TypeKind::string &&
      (name == "runtime.errorString" || name == "runtime.plainError")) {
    out = (name == "runtime.errorString" ? "runtime error: " : "") + text(address);
    return true;
  }
  const auto known = std::ranges::find(kKnownErrors, name, &KnownError::type);
  const RuntimeField* field = known == kKnownErrors.end() ? nullptr : type.field(known->field);
  if (field == nullptr) return false;
  out = std::string(known->before) + text(address + field->offset);
  return true;
}

std::string AnyText::interfaceLiteral(const RuntimeType& type, Addr address, int depth) {
  Addr word = 0, data = 0;
  if (!memory_.read(address, word) || !memory_.read(address + kWord, data)) return "?";
  if (word == 0) return "nil";
  const bool empty = type.name == "interface {}" || type.name == "any";
  const RuntimeType* held = types_.at(empty ? word : types_.itabAt(word).type);
  if (held == nullptr) return fmt::format("{:#x}", data);
  if (held->directInterface) {
    // Where such a value is as a whole, its only word is.
    return literal(*held, address + kWord, depth);
  }
  return literal(*held, data, depth);
}

std::string AnyText::pointerLiteral(const RuntimeType& type, Addr address, int depth) {
  Addr to = 0;
  if (!memory_.read(address, to)) return "?";
  if (to == 0) return "nil";
  const RuntimeType* pointee = types_.at(type.element);
  std::string error;
  if (pointee != nullptr && errorText(*pointee, to, error)) {
    return fmt::format("{}(\"{}\")", type.name, error);
  }
  if (pointee == nullptr || pointee->kind != TypeKind::structure || depth >= kDepth) {
    return fmt::format("({})({:#x})", type.name, to);
  }
  return "&" + structLiteral(*pointee, to, depth);
}

std::string AnyText::structLiteral(const RuntimeType& type, Addr address, int depth) {
  std::string out = type.name + "{";
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    if (i != 0) out += ", ";
    if (i == kFields || out.size() > kLongestLiteral) {
      out += "...";
      break;
    }
    const RuntimeField& field = type.fields[i];
    const RuntimeType* its = types_.at(field.type);
    out += field.name + ": " +
           (its == nullptr ? "?" : literal(*its, address + field.offset, depth + 1));
  }
  return out + "}";
}

std::string AnyText::literal(const RuntimeType& type, Addr address, int depth) {
  if (depth > kDepth) return "...";
  std::string out;
  if (scalar(type, address, out)) {
    return type.named && type.name.find('.') != std::string::npos
               ? fmt::format("{}({})", type.name, out)
               : out;
  }
  Addr word = 0;
  switch (type.kind) {
    case TypeKind::string:
      return type.name == "string" ? quoted(address)
                                   : fmt::format("{}({})", type.name, quoted(address));
    case TypeKind::structure:
      return structLiteral(type, address, depth);
    case TypeKind::pointer:
      return pointerLiteral(type, address, depth);
    case TypeKind::interface:
      return interfaceLiteral(type, address, depth);
    case TypeKind::slice: {
      std::uint64_t length = 0;
      if (!memory_.read(address + kWord, length)) return "?";
      return fmt::format("{} of length {}", type.name, length);
    }
    case TypeKind::array:
      return fmt::format("{}{{...}}", type.name);
    default:
      if (!memory_.read(address, word)) return "?";
      return word == 0 ? "nil" : fmt::format("({})({:#x})", type.name, word);
  }
}

std::string AnyText::whole(Addr data, std::uint64_t size,
                           const std::function<std::string()>& make) {
  if (auto instead = memory_.standIn(data, size)) return std::move(*instead);
  std::string text;
  {
    const target::ReadLog::Trial trial(memory_.log());
    text = make();
  }
  memory_.noteText(data, size, text);
  return text;
}

AnyValue AnyText::read(Addr descriptor, Addr data) {
  if (descriptor == 0) return {.type = "", .text = "nil"};
  const RuntimeType* type = types_.at(descriptor);
  if (type == nullptr) {
    return {.type = "",
            .text = fmt::format("(a value at {:#x}, whose type could not be read)", data),
            .known = false};
  }
  AnyValue value{.type = type->name, .text = "", .known = true};
  if (type->kind == TypeKind::pointer) {
    const RuntimeType* pointee = types_.at(type->element);
    if (data != 0 && pointee != nullptr && errorText(*pointee, data, value.text)) return value;
    if (data == 0 || pointee == nullptr || pointee->kind != TypeKind::structure) {
      value.text = data == 0 ? fmt::format("({})(nil)", type->name)
                             : fmt::format("({}) {:#x}", type->name, data);
    } else {
      value.text =
          whole(data, pointee->size, [&] { return "&" + structLiteral(*pointee, data, 0); });
    }
    return value;
  }
  if (type->directInterface) {
    value.text = fmt::format("({}) {:#x}", type->name, data);
  } else if (!memory_.contains(data)) {
    value.text = fmt::format("({}) {:#x}, which is not in the target's memory", type->name, data);
    value.known = false;
  } else if (errorText(*type, data, value.text)) {
    return value;
  } else if (type->name == "string") {
    value.text = text(data);
  } else {
    value.text = whole(data, type->size, [&] { return literal(*type, data, 0); });
  }
  return value;
}

}  // namespace parked::golang
