#include "leak/instances.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <elf.h>
#include <map>
#include <optional>
#include <set>

#include "leak/short_name.h"
#include "schema/releases.h"

namespace parked::leak {

namespace {

constexpr std::string_view kShape = "go.shape.";
constexpr std::string_view kDictionary = "..dict.";
// Names are the target's: of longer ones, and of generics with more instances, nothing is told.
constexpr std::size_t kLongestName = 4096;
constexpr std::size_t kMostInstances = 4096;

/// "main.Box" of "main.(*Box[int]).Put".
std::string genericOf(std::string_view symbol) {
  std::string generic(symbol.substr(0, symbol.find('[')));
  if (const std::size_t star = generic.rfind("(*"); star != std::string::npos) {
    generic.erase(star, 2);
  }
  return generic;
}

/// The rest of it: "main.Box", "int" and ").Put".
struct Name {
  std::string generic;
  std::string_view types, rest;
};

std::optional<Name> partsOf(std::string_view symbol) {
  const std::size_t open = symbol.find('[');
  if (open == std::string_view::npos || symbol.size() > kLongestName) {
    return std::nullopt;
  }
  int depth = 0;
  std::size_t close = open;
  for (; close < symbol.size(); ++close) {
    if (symbol[close] == '[') ++depth;
    if (symbol[close] == ']' && --depth == 0) break;
  }
  if (close >= symbol.size()) return std::nullopt;
  Name name{genericOf(symbol), symbol.substr(open + 1, close - open - 1), symbol.substr(close + 1)};
  // Types that are nested in a function, or a method that has types of its own.
  if (name.rest.find('[') != std::string_view::npos) return std::nullopt;
  return name;
}

/// The parts of a list of types, at the commas that are not inside of one.
std::vector<std::string_view> split(std::string_view types) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (std::string_view("[{(").find(types[i]) != std::string_view::npos) ++depth;
    if (std::string_view("]})").find(types[i]) != std::string_view::npos) --depth;
    if (types[i] != ',' || depth != 0) continue;
    parts.push_back(types.substr(first, i - first));
    first = i + 1;
  }
  parts.push_back(types.substr(first));
  return parts;
}

bool isBasic(std::string_view type) {
  constexpr std::array<std::string_view, 18> kBasic = {
      "bool",    "int",     "int8",   "int16",     "int32",      "int64",
      "uint",    "uint8",   "uint16", "uint32",    "uint64",     "uintptr",
      "float32", "float64", "string", "complex64", "complex128", "unsafe.Pointer"};
  return std::ranges::find(kBasic, type) != kBasic.end();
}

/// A type that is written out: a pointer, slice, array, map, channel, function, struct, interface.
bool isComposite(std::string_view type) {
  constexpr std::array<std::string_view, 9> kStarts = {
      "*", "[", "map[", "chan ", "chan<- ", "<-chan ", "func(", "struct {", "interface {"};
  return std::ranges::any_of(kStarts,
                             [&](std::string_view start) { return type.starts_with(start); });
}

/// It is a function or method itself, or, where that is certain, a literal in one.
bool isHandedDictionary(const Name& name, const image::GoVersion& version) {
  std::string_view rest = name.rest;
  if (rest.starts_with(')')) rest.remove_prefix(1);
  if (rest.empty()) return true;
  const std::size_t dots = static_cast<std::size_t>(std::ranges::count(rest, '.'));
  const bool method =
      rest.starts_with('.') && dots == 1 && rest.find('-') == std::string_view::npos;
  const bool literal = name.rest.starts_with(".func") || name.rest.starts_with(".gowrap") ||
                       name.rest.starts_with(".deferwrap");
  return (method && !literal) || schema::namesLiteralsByOuter(version);
}

class Reader {
 public:
  explicit Reader(const image::GoVersion& version) : version_(version) {}

  void add(std::string_view symbol, Addr address, bool function) {
    const std::size_t dictionary = symbol.find(kDictionary);
    const std::size_t open = symbol.find('[');
    if (open == std::string_view::npos) return;
    if (dictionary < open) {
      std::string name(symbol);
      name.replace(dictionary, kDictionary.size(), ".");
      const auto parts = partsOf(name);
      std::set<std::string>& known = dictionaries_[genericOf(name)];
      if (parts && known.size() < kMostInstances) {
        known.insert(std::string(parts->types));
      } else {
        unclear_.insert(genericOf(name));
      }
    } else if (function && symbol.find(kShape, open) != std::string_view::npos) {
      const auto parts = partsOf(symbol);
      if (parts && isHandedDictionary(*parts, version_)) {
        functions_.push_back({address, parts->generic, std::string(parts->types)});
      }
    }
  }

  /// Calls with the address and the types of each function that is known.
  template <class Take>
  void each(Take take) const {
    for (const Function& function : functions_) {
      const auto at = dictionaries_.find(function.generic);
      if (at == dictionaries_.end() || unclear_.contains(function.generic)) continue;
      const std::string* only = nullptr;
      bool several = false;
      for (const std::string& types : at->second) {
        if (!fits(types, function.shapes)) continue;
        several = only != nullptr;
        only = &types;
        if (several) break;
      }
      if (only != nullptr && !several) take(function.entry, *only);
    }
  }

 private:
  struct Function {
    Addr entry;
    std::string generic, shapes;
  };

  bool fits(std::string_view types, std::string_view shapes) const {
    const auto each = split(types);
    auto wanted = split(shapes);
    if (each.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < each.size(); ++i) {
      if (schema::shapesAreNumbered(version_) && wanted[i].starts_with(kShape)) {
        wanted[i] = wanted[i].substr(0, wanted[i].rfind('_'));
      }
      if (!mayHaveShape(each[i], wanted[i])) return false;
    }
    return true;
  }

  const image::GoVersion& version_;
  std::map<std::string, std::set<std::string>> dictionaries_;  // types by generic
  std::set<std::string> unclear_;  // generics with a dictionary that could not be read
  std::vector<Function> functions_;
};

/// "order" of "order·1", a type that is declared in a function.
std::string withoutNumbers(std::string_view types) {
  constexpr std::string_view kDot = "\u00b7";
  std::string out;
  for (std::size_t i = 0; i < types.size();) {
    if (types.substr(i).starts_with(kDot)) {
      i += kDot.size();
      while (i < types.size() && types[i] >= '0' && types[i] <= '9') ++i;
    } else {
      out += types[i++];
    }
  }
  return out;
}

}  // namespace

bool mayHaveShape(std::string_view type, std::string_view shape) {
  if (!shape.starts_with(kShape)) return true;  // a shape is somewhere inside: not looked at
  shape.remove_prefix(kShape.size());
  if (type == shape) return true;
  if (isBasic(type)) return false;
  if (type.starts_with('*')) {  // most constraints take all pointers for one
    return shape == "*uint8" || (shape.starts_with('*') && shape.find('.') != shape.npos);
  }
  if (!isComposite(type)) return true;  // its name does not tell
  // The same type may be written in two ways where it has names in it.
  return isComposite(shape) && type.front() == shape.front() &&
         type.find_first_of(".{") != std::string_view::npos;
}

std::string instanceName(std::string_view printed, std::string_view types) {
  constexpr std::string_view kAny = "[...]";
  const std::size_t at = printed.find(kAny);
  if (at == std::string_view::npos || types.empty()) return {};
  std::string name(printed);
  return name.replace(at + 1, kAny.size() - 2, types);
}

Instances::Instances(const target::ElfFile& executable, const image::GoVersion& version) {
  const auto* table = executable.section(".symtab");
  const auto* names = executable.section(".strtab");
  if (table == nullptr || names == nullptr) return;
  Reader reader(version);
  for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table->bytes.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, table->bytes.data() + at, sizeof symbol);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names->bytes.size()) continue;
    const auto* start = reinterpret_cast<const char*>(names->bytes.data()) + symbol.st_name;
    const std::size_t most = std::min(names->bytes.size() - symbol.st_name, kLongestName + 1);
    reader.add({start, strnlen(start, most)}, symbol.st_value,
               ELF64_ST_TYPE(symbol.st_info) == STT_FUNC);
  }
  reader.each([this](Addr entry, std::string_view types) {
    known_.push_back({entry, withoutPaths(withoutNumbers(types))});
  });
  std::ranges::sort(known_, {}, &Known::entry);
}

std::string_view Instances::typesOf(Addr entry) const {
  const auto at = std::ranges::lower_bound(known_, entry, {}, &Known::entry);
  return at != known_.end() && at->entry == entry ? std::string_view(at->types)
                                                  : std::string_view();
}

}  // namespace parked::leak
