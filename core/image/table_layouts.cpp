#include "image/table_layouts.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <optional>

#include "image/symbol_name.h"
#include "image/table_text.h"

namespace parked::image {

namespace {

using Ids = std::vector<std::string_view>;  // sorted

/// The text of a set, which may go over several lines; empty if there is none.
std::string_view findSet(std::string_view sets, TableSet wanted) {
  for (std::string_view rest = sets; !rest.empty();) {
    const std::string_view at = rest;
    std::string_view line = takeLine(rest);
    if (takeWord(line) != wanted || wanted.empty()) continue;
    while (!rest.empty() && rest.front() == ' ') takeLine(rest);
    return at.substr(wanted.size(), at.size() - rest.size() - wanted.size());
  }
  return {};
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    std::string_view line = takeLine(text);
    while (!line.empty()) {
      if (const std::string_view word = takeWord(line); !word.empty()) found.push_back(word);
    }
  }
  return found;
}

/// The ids of a set; nullopt for damage.
std::optional<Ids> readSet(std::string_view sets, TableSet set, bool mayRefer = true) {
  std::vector<std::string_view> all = words(findSet(sets, set));
  if (all.empty()) return std::nullopt;
  if (all.front() != "of") {
    std::sort(all.begin(), all.end());
    return all;
  }
  if (!mayRefer || all.size() < 2) return std::nullopt;
  auto ids = readSet(sets, all[1], false);
  if (!ids) return std::nullopt;
  for (std::size_t i = 2; i < all.size(); ++i) {
    const std::string_view id = all[i].substr(1);
    const auto at = std::lower_bound(ids->begin(), ids->end(), id);
    const bool has = at != ids->end() && *at == id;
    if (all[i].front() == '+' && !has) {
      ids->insert(at, id);
    } else if (all[i].front() == '-' && has) {
      ids->erase(at);
    } else {
      return std::nullopt;
    }
  }
  return ids;
}

Ids minus(const Ids& a, const Ids& b) {
  Ids result;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(result));
  return result;
}

bool readField(std::string_view line, FieldLayout& field) {
  if (line.empty() || line.front() != ' ') return false;
  line.remove_prefix(1);
  if (!toNumber(takeWord(line), field.offset) || !toNumber(takeWord(line), field.size))
    return false;
  field.name = takeWord(line);
  field.type = line;
  return !field.name.empty() && !field.type.empty();
}

/// nullptr for damage.
std::unique_ptr<StructLayout> readStruct(std::string_view name, std::string_view text) {
  auto layout = std::make_unique<StructLayout>();
  layout->name = name;
  std::string_view head = takeLine(text);
  if (!toNumber(takeWord(head), layout->size)) return nullptr;
  while (!text.empty()) {
    FieldLayout field;
    if (!readField(takeLine(text), field)) return nullptr;
    if (field.offset > layout->size || field.size > layout->size - field.offset) return nullptr;
    layout->fields.push_back(std::move(field));
  }
  return layout;
}

/// Types of the language, which are structs in DWARF too.
std::unique_ptr<StructLayout> builtIn(std::string_view name) {
  std::vector<FieldLayout> fields;
  if (name == "string") {
    fields = {{"str", 0, kWord, "*uint8"}, {"len", kWord, kWord, "int"}};
  } else if (name.starts_with("[]")) {
    fields = {{"array", 0, kWord, fmt::format("*{}", name.substr(2))},
              {"len", kWord, kWord, "int"},
              {"cap", 2 * kWord, kWord, "int"}};
  } else {
    return nullptr;
  }
  const auto size = static_cast<std::uint32_t>(fields.size() * kWord);
  return std::make_unique<StructLayout>(StructLayout{std::string(name), size, std::move(fields)});
}

}  // namespace

Result<std::unique_ptr<TableLayouts>> TableLayouts::open(const TableChoice& choice,
                                                         const LayoutTables& tables) {
  const auto damaged = [&] {
    return fail(ErrorCode::badFormat,
                fmt::format("the shipped layout table for {} is damaged", choice.release));
  };
  auto base = readSet(tables.sets, choice.base);
  if (!base) return damaged();
  std::unique_ptr<TableLayouts> layouts(new TableLayouts);
  layouts->exact_ = choice.exact;
  layouts->origin_ = choice.origin;
  Ids ids = *base;
  for (const TableSet set : choice.changed) {
    auto changed = readSet(tables.sets, set);
    if (!changed) return damaged();
    // Each experiment replaces some definitions. Two that replace the same are not known together.
    const Ids lost = minus(*base, *changed), won = minus(*changed, *base);
    if (!std::includes(ids.begin(), ids.end(), lost.begin(), lost.end())) layouts->exact_ = false;
    ids = minus(ids, lost);
    ids.insert(ids.end(), won.begin(), won.end());
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  }
  if (!layouts->index(ids, tables.structs)) return damaged();
  return layouts;
}

/// Finds the definitions with these ids; false unless all are there.
bool TableLayouts::index(const Ids& ids, std::string_view structs) {
  definitions_.reserve(ids.size());
  std::size_t found = 0;
  while (!structs.empty()) {
    const std::string_view at = structs;
    std::string_view line = takeLine(structs);
    const std::string_view id = takeWord(line);
    while (!structs.empty() && structs.front() == ' ') takeLine(structs);
    if (!std::binary_search(ids.begin(), ids.end(), id)) continue;
    ++found;
    const std::size_t head = id.size() + 1;
    if (line.empty()) return false;
    const std::string_view text = at.substr(head, at.size() - structs.size() - head);
    std::string_view name = line;
    if (!name.starts_with("= ")) takeWord(name);  // the size
    definitions_.insert_or_assign(name, text);
  }
  return found == ids.size();
}

const StructLayout* TableLayouts::find(std::string_view type) {
  const auto [it, isNew] = read_.try_emplace(std::string(type));
  if (!isNew) return it->second.get();
  if (const auto found = definitions_.find(type); found == definitions_.end()) {
    it->second = builtIn(type);
  } else if (!type.starts_with("= ")) {
    it->second = readStruct(type, found->second);
  }
  return it->second.get();
}

bool TableLayouts::constant(std::string_view name, std::int64_t& value) {
  const std::string_view package = packageOf(name);
  if (package.empty()) return false;
  const auto group = definitions_.find(fmt::format("= {}", package));
  if (group == definitions_.end()) return false;
  std::string_view text = group->second;
  takeLine(text);
  while (!text.empty()) {
    std::string_view line = takeLine(text);
    takeWord(line);  // nothing, before the blank
    const std::string_view number = takeWord(line);
    if (line == name.substr(package.size() + 1)) return toNumber(number, value);
  }
  return false;
}

void TableLayouts::setChecked(std::size_t structs) {
  if (structs > 0) origin_ += fmt::format(", {} types checked", structs);
}

std::vector<std::string_view> TableLayouts::names() const {
  std::vector<std::string_view> names;
  for (const auto& [name, text] : definitions_) {
    if (!name.starts_with("= ")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace parked::image
