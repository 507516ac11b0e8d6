// Struct layouts from the target's own type descriptors: exact, and there in every binary, but only
// for types that the program uses as values (net/http.Transport, runtime.g), not for all of the
// runtime's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "image/layout.h"
#include "image/runtime_types.h"

namespace parked::image {

class TypeLayouts final : public LayoutSource {
 public:
  /// `types` must outlive the object.
  explicit TypeLayouts(RuntimeTypes& types) : types_(types) {}

  const StructLayout* find(std::string_view type) override;
  /// Descriptors have no constants.
  bool constant(std::string_view name, std::int64_t& value) override;
  std::string origin() const override { return "type descriptors"; }

 private:
  RuntimeTypes& types_;
  std::map<std::string, std::unique_ptr<StructLayout>, std::less<>> known_;
};

/// Asks one source, then another for what the first does not have.
class ChainedLayouts final : public LayoutSource {
 public:
  /// Both must outlive the object.
  ChainedLayouts(LayoutSource& first, LayoutSource& second) : first_(first), second_(second) {}

  const StructLayout* find(std::string_view type) override;
  bool constant(std::string_view name, std::int64_t& value) override;
  std::string origin() const override { return first_.origin(); }

 private:
  LayoutSource& first_;
  LayoutSource& second_;
};

}  // namespace parked::image
