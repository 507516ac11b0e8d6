#include "image/image.h"

#include <algorithm>
#include <fmt/format.h>

#include "arch/architecture.h"
#include "image/descriptor_types.h"
#include "image/dwarf_layouts.h"
#include "image/dwarf_types.h"
#include "image/missing_variables.h"
#include "image/not_started.h"
#include "image/runtime_types.h"
#include "image/symbols.h"
#include "image/table_check.h"
#include "image/table_choice.h"
#include "image/table_layouts.h"
#include "image/type_layouts.h"
#include "target/elf_file.h"

namespace parked::image {

struct Image::Impl {
  explicit Impl(target::Target& t) : target(t) {}

  std::optional<Addr> symbol(std::string_view name) {
    if (!symbols) {
      const auto it = parts.symbols.find(name);
      return it == parts.symbols.end() ? std::nullopt : std::optional(it->second);
    }
    if (const auto found = symbols->find(name)) return found;
    // A table that has none of the runtime's variables is as good as none.
    return finder != nullptr ? finder->find(name) : std::nullopt;
  }

  Result<void> useDwarf(Timings* timings);
  Result<void> useTable(Timings* timings);
  Result<void> tryTable(const TableChoice& choice, Timings* timings);
  /// By the layouts that are set.
  Result<void> readCode(Timings* timings);

  target::Target& target;
  std::optional<Symbols> symbols;  // of the executable, if there is one; indexed on first use
  std::vector<Symbols> pluginSymbols;
  Parts parts;
  std::unique_ptr<VariableFinder> finder;  // of a program without a symbol table
  std::shared_ptr<DwarfUnits> dwarf;       // of Go; null without
  std::unique_ptr<RuntimeTypes> runtimeTypes;
  std::unique_ptr<TypeSource> types;
  bool hasRun = true;  // false: the Go runtime had not started, which is all there is to say
  std::unique_ptr<LayoutSource> typeLayouts, libraryLayouts;
};

Image::Image() = default;
Image::~Image() = default;

Result<void> Image::Impl::useDwarf(Timings* timings) {
  Timings::Scope scope(timings, "DWARF");
  auto units = DwarfUnits::open(target.executable());
  if (!units) return tl::unexpected(units.error());
  auto layouts = openDwarfLayouts(*units);
  if (!layouts) return tl::unexpected(layouts.error());
  dwarf = std::move(*units);
  parts.layouts = std::move(*layouts);
  return {};
}

Result<void> Image::Impl::readCode(Timings* timings) {
  {
    Timings::Scope scope(timings, "modules");
    const Addr first = symbols ? symbols->find("runtime.firstmoduledata").value_or(0) : 0;
    auto modules = readModules(target, parts.build.version, *parts.layouts, first);
    if (modules) {
      parts.modules = std::move(*modules);
    } else if (target.cutOff()) {
      target.incomplete().add("modules", modules.error().message, modules.error().address);
    } else if (const auto missing = missingVariables(target)) {
      return fail(ErrorCode::unreadable, fmt::format("{}: {}", *missing, modules.error().message));
    } else if (nothingHasRun(target)) {
      hasRun = false;
      return fail(ErrorCode::notFound, std::string(kNotStarted));
    } else {
      return tl::unexpected(modules.error());
    }
  }
  Timings::Scope scope(timings, "functions");
  auto functions =
      FunctionTable::open(target, parts.build.version, parts.modules, parts.layouts.get());
  if (!functions) return tl::unexpected(functions.error());
  parts.functions = std::move(*functions);
  return {};
}

/// A table is believed when it agrees with the target's own descriptors of the same types.
Result<void> Image::Impl::tryTable(const TableChoice& choice, Timings* timings) {
  auto table = TableLayouts::open(choice);
  if (!table) return tl::unexpected(table.error());
  TableLayouts& layouts = **table;
  parts.layouts = std::move(*table);
  if (auto read = readCode(timings); !read) return read;
  Timings::Scope scope(timings, "layout table");
  runtimeTypes = std::make_unique<RuntimeTypes>(target.memory(), layouts, parts.modules);
  const TableCheck check = checkTable(layouts, *runtimeTypes);
  if (check.mismatch) {
    return fail(ErrorCode::unsupported, fmt::format("the layout table for {} does not fit: {}",
                                                    choice.release, *check.mismatch));
  }
  if (!layouts.exact() && !check.runtime) {
    return fail(ErrorCode::unsupported,
                fmt::format("whether the layout table for {} fits cannot be told: the executable "
                            "does not describe runtime.g and runtime.m",
                            choice.release));
  }
  layouts.setChecked(check.compared);
  return {};
}

Result<void> Image::Impl::useTable(Timings* timings) {
  const std::string_view arch = parts.build.setting("GOARCH");
  auto choices = chooseTables(parts.build.version, arch.empty() ? target.arch().name : arch,
                              shippedReleases());
  if (!choices) return tl::unexpected(choices.error());
  std::optional<Error> first;
  for (auto at = choices->begin(); at != choices->end(); ++at) {
    // Most patch releases of a minor version share a table.
    const auto same = [&](const TableChoice& tried) {
      return tried.base == at->base && tried.changed == at->changed;
    };
    if (std::any_of(choices->begin(), at, same)) continue;
    const IncompleteList before = target.incomplete();
    auto used = tryTable(*at, timings);
    if (used) return {};
    if (!first) first = used.error();
    target.incomplete() = before;  // what is damaged is said once, by the table that is used
    runtimeTypes.reset();
    parts.functions.reset();
    parts.modules = {};
  }
  return tl::unexpected(first.value_or(
      Error{ErrorCode::unsupported, "there is no layout table for this release", 0}));
}

Result<std::unique_ptr<Image>> Image::open(target::Target& target, Observer* observer,
                                           Timings* timings, MakeVariableFinder finder,
                                           Layouts layouts) {
  if (observer != nullptr) observer->progress("executable", 0, 0);
  std::unique_ptr<Image> image(new Image);
  image->impl_ = std::make_unique<Impl>(target);
  Impl& impl = *image->impl_;
  impl.symbols.emplace(target.executable(), target.bias());
  for (const target::GoFile& plugin : target.plugins()) {
    if (plugin.file != nullptr) impl.pluginSymbols.emplace_back(*plugin.file, plugin.bias);
  }
  {
    Timings::Scope scope(timings, "build info");
    auto build = readBuildInfo(target.executable());
    if (!build) return tl::unexpected(build.error());
    impl.parts.build = std::move(*build);
  }
  bool hasSymbols = false;
  {
    Timings::Scope scope(timings, "symbols");
    hasSymbols = impl.symbols->find("runtime.firstmoduledata").has_value();
  }
  std::optional<Error> withoutDwarf;
  if (layouts != Layouts::table) {
    if (auto used = impl.useDwarf(timings); !used) withoutDwarf = used.error();
  }
  if (withoutDwarf && layouts == Layouts::dwarf) return tl::unexpected(*withoutDwarf);
  if (impl.parts.layouts != nullptr) {
    if (auto read = impl.readCode(timings); !read) return tl::unexpected(read.error());
  } else if (auto used = impl.useTable(timings); !used) {
    Error error = used.error();
    if (withoutDwarf && impl.hasRun)
      error.message = fmt::format("{}; {}", withoutDwarf->message, error.message);
    return tl::unexpected(error);
  }
  if (!hasSymbols && finder != nullptr) {
    impl.finder = finder(target, *impl.parts.layouts, impl.parts.modules, *impl.parts.functions);
  }
  return image;
}

std::unique_ptr<Image> Image::assemble(target::Target& target, Parts parts) {
  std::unique_ptr<Image> image(new Image);
  image->impl_ = std::make_unique<Impl>(target);
  image->impl_->parts = std::move(parts);
  return image;
}

const BuildInfo& Image::build() const { return impl_->parts.build; }
const ModuleList& Image::modules() const { return impl_->parts.modules; }
const FunctionTable& Image::functions() const { return *impl_->parts.functions; }
LayoutSource& Image::layouts() const { return *impl_->parts.layouts; }
target::Target& Image::target() const { return impl_->target; }

Image::Variable Image::variableAt(Addr address) const {
  if (!impl_->symbols) return {};  // assembled
  Symbols::Variable found = impl_->symbols->covering(address);
  for (const Symbols& plugin : impl_->pluginSymbols) {
    if (found.name.empty()) found = plugin.covering(address);
  }
  return {found.name, found.address};
}

std::optional<Addr> Image::symbol(std::string_view name) const { return impl_->symbol(name); }

TypeSource& Image::types() const {
  if (impl_->types == nullptr && impl_->dwarf != nullptr) {
    const Addr types = modules().empty() ? 0 : modules().front().types - impl_->target.bias();
    impl_->types = std::make_unique<DwarfTypes>(impl_->dwarf, types);
  }
  if (impl_->types == nullptr) {
    impl_->types =
        std::make_unique<DescriptorTypes>(runtimeTypes(), layouts(), impl_->target.bias());
  }
  return *impl_->types;
}

target::Variables Image::foundVariables() const {
  const bool asked =
      impl_->finder != nullptr && impl_->symbols && !impl_->symbols->find("runtime.allgs");
  return asked ? impl_->finder->all() : target::Variables();
}

void Image::searchAgain() {
  if (impl_->finder != nullptr) impl_->finder->searchAgain();
}

RuntimeTypes& Image::runtimeTypes() const {
  if (impl_->runtimeTypes == nullptr) {
    impl_->runtimeTypes = std::make_unique<RuntimeTypes>(
        impl_->target.memory(), *impl_->parts.layouts, impl_->parts.modules);
  }
  return *impl_->runtimeTypes;
}

void Image::indexNames() const {
  functions().byName({});
  runtimeTypes().find({});
  std::int64_t none = 0;
  layouts().constant("runtime.", none);
}

LayoutSource& Image::libraryLayouts() const {
  if (impl_->libraryLayouts == nullptr) {
    impl_->typeLayouts = std::make_unique<TypeLayouts>(runtimeTypes());
    impl_->libraryLayouts =
        std::make_unique<ChainedLayouts>(*impl_->parts.layouts, *impl_->typeLayouts);
  }
  return *impl_->libraryLayouts;
}

std::string Image::buildId() const {
  if (!impl_->symbols) return {};  // assembled
  const target::ElfFile& executable = impl_->target.executable();
  std::string id = executable.goBuildId();
  return id.empty() ? executable.gnuBuildId() : id;
}

}  // namespace parked::image
