#include "image/image.h"

#include "image/dwarf_layouts.h"
#include "image/symbols.h"
#include "target/elf_file.h"

namespace parked::image {

struct Image::Impl {
  explicit Impl(target::Target& t) : target(t), symbols(t.executable(), t.bias()) {}

  target::Target& target;
  BuildInfo build;
  mutable Symbols symbols;  // indexes itself on first use
  std::unique_ptr<LayoutSource> layouts;
  ModuleList modules;
  std::unique_ptr<FunctionTable> functions;
};

Image::Image() = default;
Image::~Image() = default;

Result<std::unique_ptr<Image>> Image::open(target::Target& target, Observer* observer,
                                           Timings* timings) {
  if (observer != nullptr) observer->progress("executable", 0, 0);
  std::unique_ptr<Image> image(new Image);
  image->impl_ = std::make_unique<Impl>(target);
  Impl& impl = *image->impl_;
  {
    Timings::Scope scope(timings, "build info");
    auto build = readBuildInfo(target);
    if (!build) return tl::unexpected(build.error());
    impl.build = std::move(*build);
  }
  Addr firstModule = 0;
  {
    Timings::Scope scope(timings, "symbols");
    firstModule = impl.symbols.find("runtime.firstmoduledata").value_or(0);
  }
  {
    Timings::Scope scope(timings, "DWARF");
    auto layouts = openDwarfLayouts(target.executable());
    if (!layouts) return tl::unexpected(layouts.error());
    impl.layouts = std::move(*layouts);
  }
  {
    Timings::Scope scope(timings, "modules");
    auto modules = readModules(target, impl.build.version, *impl.layouts, firstModule);
    if (!modules) return tl::unexpected(modules.error());
    impl.modules = std::move(*modules);
  }
  {
    Timings::Scope scope(timings, "functions");
    auto functions =
        FunctionTable::open(target, impl.build.version, impl.modules, impl.layouts.get());
    if (!functions) return tl::unexpected(functions.error());
    impl.functions = std::move(*functions);
  }
  return image;
}

const BuildInfo& Image::build() const { return impl_->build; }
const ModuleList& Image::modules() const { return impl_->modules; }
const FunctionTable& Image::functions() const { return *impl_->functions; }
LayoutSource& Image::layouts() const { return *impl_->layouts; }
target::Target& Image::target() const { return impl_->target; }

std::optional<Addr> Image::symbol(std::string_view name) const { return impl_->symbols.find(name); }

std::string Image::buildId() const {
  const target::ElfFile& executable = impl_->target.executable();
  std::string id = executable.goBuildId();
  return id.empty() ? executable.gnuBuildId() : id;
}

}  // namespace parked::image
