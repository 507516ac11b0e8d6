// Struct layouts from the tables that parked ships: for executables without DWARF.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "image/layout.h"
#include "image/table_choice.h"

namespace parked::image {

/// The files of core/layouts; scripts/layouts/tables.py tells their form.
struct LayoutTables {
  std::string_view releases, sets, structs;
};

/// What is built in.
LayoutTables shippedTables();
/// Of them the releases alone: the others are large, and unpacked where they are needed.
std::string_view shippedReleases();

class TableLayouts final : public LayoutSource {
 public:
  /// Of a choice of chooseTables(), whose texts and `tables` must outlive the object. Errors:
  /// badFormat when the tables are damaged.
  static Result<std::unique_ptr<TableLayouts>> open(const TableChoice& choice,
                                                    const LayoutTables& tables = shippedTables());

  const StructLayout* find(std::string_view type) override;
  bool constant(std::string_view name, std::int64_t& value) override;
  std::string origin() const override { return origin_; }

  /// False also when experiments of the target change the same struct.
  bool exact() const { return exact_; }
  /// So many structs agree with the target's own descriptors; the origin says so.
  void setChecked(std::size_t structs);
  /// All structs in the table.
  std::vector<std::string_view> names() const;

 private:
  TableLayouts() = default;
  bool index(const std::vector<std::string_view>& ids, std::string_view structs);

  bool exact_ = false;
  std::string origin_;
  /// The text of each definition: by the struct's name, "= PACKAGE" for constants.
  std::unordered_map<std::string_view, std::string_view> definitions_;
  std::unordered_map<std::string, std::unique_ptr<StructLayout>> read_;
};

}  // namespace parked::image
