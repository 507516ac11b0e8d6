// compare_layouts EXECUTABLE: the shipped layout table against the DWARF of a program, every
// struct, field and constant that both have. One line a difference; at last how much was compared.
// --check RELEASE asks only whether parked would believe that release's table of a program without
// DWARF.
#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>

#include "fake_target.h"
#include "image/build_info.h"
#include "image/dwarf_layouts.h"
#include "image/image.h"
#include "image/runtime_types.h"
#include "image/table_check.h"
#include "image/table_choice.h"
#include "image/table_layouts.h"
#include "image/table_text.h"
#include "target/elf_file.h"

namespace {

using namespace parked;
using namespace parked::image;

struct Counts {
  int structs = 0, fields = 0, constants = 0, differences = 0;
};

void differs(Counts& counts, std::string_view what, std::string_view table,
             std::string_view dwarf) {
  ++counts.differences;
  fmt::print("{}: table {}, DWARF {}\n", what, table, dwarf);
}

std::string text(const FieldLayout& field) {
  return fmt::format("{} {} {} {}", field.offset, field.size, field.name, field.type);
}

void compareStruct(const StructLayout& table, const StructLayout& dwarf, Counts& counts) {
  ++counts.structs;
  if (table.size != dwarf.size) {
    differs(counts, table.name, std::to_string(table.size), std::to_string(dwarf.size));
  }
  if (table.fields.size() != dwarf.fields.size()) {
    differs(counts, table.name, fmt::format("{} fields", table.fields.size()),
            fmt::format("{} fields", dwarf.fields.size()));
    return;
  }
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    ++counts.fields;
    const std::string left = text(table.fields[i]), right = text(dwarf.fields[i]);
    if (left != right) differs(counts, table.name, left, right);
  }
}

/// Every constant of structs.txt, whichever release has it.
void compareConstants(TableLayouts& table, LayoutSource& dwarf, Counts& counts) {
  std::string_view texts = shippedTables().structs;
  std::string_view package;
  while (!texts.empty()) {
    std::string_view line = takeLine(texts);
    if (!line.starts_with(' ')) {
      takeWord(line);
      package = takeWord(line) == "=" ? line : std::string_view();
      continue;
    }
    if (package.empty()) continue;
    const std::string name = fmt::format("{}.{}", package, line.substr(line.rfind(' ') + 1));
    std::int64_t left = 0, right = 0;
    if (!table.constant(name, left) || !dwarf.constant(name, right)) continue;
    ++counts.constants;
    if (left != right) differs(counts, name, std::to_string(left), std::to_string(right));
  }
}

/// The shipped table of a release.
Result<std::unique_ptr<TableLayouts>> tableOf(const GoVersion& version) {
  const auto choices = chooseTables(version, "amd64", shippedReleases());
  if (!choices) return tl::unexpected(choices.error());
  return TableLayouts::open(choices->front());
}

int run(const char* file) {
  auto elf = target::ElfFile::open(file);
  if (!elf) return fmt::print("{}\n", elf.error().message), 2;
  auto build = readBuildInfo(**elf);
  auto dwarf = openDwarfLayouts(**elf);
  if (!build || !dwarf) return fmt::print("{}: no Go program with DWARF\n", file), 2;
  auto table = tableOf(build->version);
  if (!table) return fmt::print("{}\n", table.error().message), 2;
  Counts counts;
  int missing = 0;
  for (const std::string_view name : (*table)->names()) {
    const StructLayout* right = (*dwarf)->find(name);
    const StructLayout* left = (*table)->find(name);
    if (left == nullptr) {
      differs(counts, name, "damaged", "");
    } else if (right == nullptr) {
      ++missing;  // the program does not use it
    } else {
      compareStruct(*left, *right, counts);
    }
  }
  compareConstants(**table, **dwarf, counts);
  fmt::print(
      "{}: {} structs, {} fields, {} constants, {} differences; {} structs only in the table\n",
      (*table)->origin(), counts.structs, counts.fields, counts.constants, counts.differences,
      missing);
  return counts.differences == 0 ? 0 : 1;
}

/// 0: the release's table fits the program's own descriptors; 1: it does not, and where.
int check(const char* file, const char* release) {
  auto elf = target::ElfFile::open(file);
  if (!elf) return fmt::print("{}\n", elf.error().message), 2;
  FakeTarget target;
  target.setExecutable(std::move(*elf));
  auto image = Image::open(target, nullptr, nullptr, nullptr, Layouts::dwarf);
  if (!image) return fmt::print("{}\n", image.error().message), 2;
  const auto version = parseGoVersion(release);
  if (!version) return 2;
  auto table = tableOf(*version);
  if (!table) return fmt::print("{}\n", table.error().message), 2;
  // As where there is nothing else: the descriptors are read by the table's own idea of them.
  RuntimeTypes types(target.memory(), **table, (*image)->modules());
  const TableCheck result = checkTable(**table, types);
  const bool fits = !result.mismatch && result.runtime;
  fmt::print("{} structs compared; {}\n", result.compared,
             fits               ? std::string("fits")
             : !result.mismatch ? std::string("runtime.g and runtime.m are not described")
                                : *result.mismatch);
  return fits ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return run(argv[1]);
  if (argc == 4 && std::string_view(argv[1]) == "--check") return check(argv[3], argv[2]);
  fmt::print(stderr, "usage: compare_layouts [--check go1.24.0] EXECUTABLE\n");
  return 2;
}
