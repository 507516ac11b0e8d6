// room: image
// Tables of layouts: which one is chosen, and what it says. Input: four texts with a NUL between: a
// Go version, releases.txt, sets.txt and structs.txt.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "image/table_layouts.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parked::image;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> texts;
  for (std::string_view& text : texts) {
    text = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
  }
  const auto version = parseGoVersion(texts[0]);
  if (!version) return 0;
  const LayoutTables tables{texts[1], texts[2], texts[3]};
  const auto choices = chooseTables(*version, "amd64", tables.releases);
  if (!choices) return 0;
  if (choices->empty()) std::abort();
  for (const TableChoice& choice : *choices) {
    const auto opened = TableLayouts::open(choice, tables);
    if (!opened) continue;
    TableLayouts& table = **opened;
    for (const std::string_view name : table.names()) {
      const StructLayout* layout = table.find(name);
      if (layout == nullptr) continue;
      for (const FieldLayout& field : layout->fields) {
        if (field.offset > layout->size || field.size > layout->size - field.offset) std::abort();
        std::vector<std::string> missing;
        Binder(table, name, missing).offsetOf(field.name + ".a.b", true);
        table.find(field.type);
      }
    }
    std::int64_t value = 0;
    table.constant("runtime._Gwaiting", value);
    table.constant("internal/abi.Pointer", value);
  }
  return 0;
}
