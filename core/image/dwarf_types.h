// Types of variables and of what they point to, from DWARF: the way from a global to an object in
// the words of the source (".sessions", "[3]", an entry of a map).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "image/dwarf_units.h"
#include "image/type_source.h"

namespace parked::image {

/// A TypeRef is the offset of the type's entry in .debug_info.
class DwarfTypes final : public TypeSource {
 public:
  /// Nothing is read before it is asked for. `types`: where the program's own descriptors were
  /// linked to begin, so that those of its plugins are not taken for them; 0: there are no others.
  explicit DwarfTypes(std::shared_ptr<DwarfUnits> units, Addr types = 0)
      : units_(std::move(units)), types_(types) {}

  TypeRef variable(std::string_view name) override;
  TypeRef described(Addr descriptor, Addr types) override;
  /// DWARF has the type of a channel's struct only with a variable: none.
  TypeRef channelOf(TypeRef element) override;
  std::string name(TypeRef type) const override;
  std::uint64_t size(TypeRef type) const override;
  bool isPointer(TypeRef type) const override;
  TypeRef pointee(TypeRef type) const override;
  TypedWord word(TypeRef type, std::uint64_t offset) const override;
  std::string pathTo(std::string_view package, TypeRef type, std::uint64_t offset) const override;

 private:
  bool dieOf(TypeRef type, Dwarf_Die& die) const;
  TypedWord find(TypeRef type, std::uint64_t offset, std::string_view stop) const;
  void indexTypes();

  std::shared_ptr<DwarfUnits> units_;
  Addr types_;
  std::unordered_map<std::string, TypeRef> variables_;  // answers
  std::unordered_map<Addr, TypeRef> described_;  // by address, or by offset from moduledata.types
  Addr lowest_ = ~Addr{0};                       // key of described_
  bool indexed_ = false;
};

}  // namespace parked::image
