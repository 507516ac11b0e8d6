#include "image/image.h"

#include "image/dwarf_layouts.h"
#include "image/dwarf_types.h"
#include "image/globals.h"
#include "image/runtime_types.h"
#include "image/symbols.h"
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
    return globals != nullptr ? globals->find(name) : std::nullopt;
  }

  target::Target& target;
  std::optional<Symbols> symbols;  // of the executable, if there is one; indexed on first use
  Parts parts;
  std::unique_ptr<Globals> globals;  // of a program without a symbol table
  bool typesOpened = false;
  std::unique_ptr<DwarfTypes> types;
  std::unique_ptr<RuntimeTypes> runtimeTypes;
  std::unique_ptr<LayoutSource> typeLayouts, libraryLayouts;
};

Image::Image() = default;
Image::~Image() = default;

Result<std::unique_ptr<Image>> Image::open(target::Target& target, Observer* observer,
                                           Timings* timings) {
  if (observer != nullptr) observer->progress("executable", 0, 0);
  std::unique_ptr<Image> image(new Image);
  image->impl_ = std::make_unique<Impl>(target);
  Parts& parts = image->impl_->parts;
  image->impl_->symbols.emplace(target.executable(), target.bias());
  {
    Timings::Scope scope(timings, "build info");
    auto build = readBuildInfo(target);
    if (!build) return tl::unexpected(build.error());
    parts.build = std::move(*build);
  }
  Addr firstModule = 0;
  {
    Timings::Scope scope(timings, "symbols");
    firstModule = image->symbol("runtime.firstmoduledata").value_or(0);
  }
  {
    Timings::Scope scope(timings, "DWARF");
    auto layouts = openDwarfLayouts(target.executable());
    if (!layouts) return tl::unexpected(layouts.error());
    parts.layouts = std::move(*layouts);
  }
  {
    Timings::Scope scope(timings, "modules");
    auto modules = readModules(target, parts.build.version, *parts.layouts, firstModule);
    if (!modules) return tl::unexpected(modules.error());
    parts.modules = std::move(*modules);
  }
  {
    Timings::Scope scope(timings, "functions");
    auto functions =
        FunctionTable::open(target, parts.build.version, parts.modules, parts.layouts.get());
    if (!functions) return tl::unexpected(functions.error());
    parts.functions = std::move(*functions);
  }
  if (!image->symbol("runtime.firstmoduledata")) {
    image->impl_->globals =
        std::make_unique<Globals>(target, *parts.layouts, parts.modules, *parts.functions);
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
  const std::optional<Symbols>& symbols = impl_->symbols;
  if (!symbols) return {};  // assembled
  const Symbols::Variable found = symbols->covering(address);
  return {found.name, found.address};
}

std::optional<Addr> Image::symbol(std::string_view name) const { return impl_->symbol(name); }

DwarfTypes* Image::types() const {
  if (impl_->symbols && !impl_->typesOpened) {
    impl_->typesOpened = true;
    if (auto types = DwarfTypes::open(impl_->target.executable())) {
      impl_->types = std::move(*types);
    }
  }
  return impl_->types.get();
}

RuntimeTypes& Image::runtimeTypes() const {
  if (impl_->runtimeTypes == nullptr) {
    impl_->runtimeTypes = std::make_unique<RuntimeTypes>(
        impl_->target.memory(), *impl_->parts.layouts, impl_->parts.modules);
  }
  return *impl_->runtimeTypes;
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
