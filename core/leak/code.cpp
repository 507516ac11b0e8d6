#include "leak/code.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/traits.h"
#include "image/symbol_name.h"
#include "leak/instances.h"

namespace parked::leak {

namespace {

using image::packageOf;

constexpr std::array kOwners = {
    Named{Owner::none, ""},
    Named{Owner::runtime, "runtime"},
    Named{Owner::standard, "standard_library"},
    Named{Owner::library, "library"},
    Named{Owner::local, "local_module"},
    Named{Owner::own, "main_module"},
};
static_assert(isComplete(kOwners, Owner::own));

bool inModule(std::string_view package, std::string_view module) {
  return !module.empty() && package.substr(0, module.size()) == module &&
         (package.size() == module.size() || package[module.size()] == '/');
}

/// The path as it is imported: the linker writes the dots of its last element, and what else could
/// be misread, as "%2e". Mirrors cmd/internal/objabi.PrefixToPath.
std::string unescaped(std::string_view package) {
  std::string out;
  for (std::size_t i = 0; i < package.size(); ++i) {
    unsigned value = 0;
    const char* digits = package.data() + i + 1;
    if (package[i] == '%' && package.size() - i > 2 &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += package[i];
    }
  }
  return out;
}

/// The module that has the package: of nested ones, the innermost. Null if none.
const image::BuildModule* moduleOf(const Code& code, std::string_view package) {
  const image::BuildModule* found = nullptr;
  for (const image::BuildModule& module : code.modules()) {
    if (inModule(package, module.path) &&
        (found == nullptr || module.path.size() > found->path.size())) {
      found = &module;
    }
  }
  return found;
}

/// golang.org/x is the standard library's other half.
Owner ownerOfOthers(std::string_view package) {
  return package.starts_with("golang.org/x/") ? Owner::standard : Owner::library;
}

/// Whose a package is that no module has: of a program without modules (GOPATH, Bazel), or of the
/// standard library.
Owner ownerWithoutModule(const Code& code, std::string_view package, std::string_view file) {
  // What GOPATH's vendor folders hold has their path in front, and the standard library's, too.
  if (package.starts_with("vendor/")) return Owner::standard;
  if (const auto vendor = package.find("/vendor/"); vendor != std::string_view::npos) {
    return ownerOfOthers(package.substr(vendor + 8));
  }
  if (package.starts_with("golang.org/x/")) return Owner::standard;
  const bool dot = package.substr(0, package.find('/')).find('.') != std::string_view::npos;
  // No dot in the first element: the standard library, unless its file lies outside GOROOT. With
  // -trimpath there is no GOROOT to compare with.
  const std::string_view root = code.standardLibraryRoot();
  const bool outside =
      !root.empty() && !file.empty() && !file.starts_with(root) && file.front() == '/';
  if (!dot && !outside) return Owner::standard;
  const bool fetched = file.find("/pkg/mod/") != std::string_view::npos ||
                       file.find("/vendor/") != std::string_view::npos ||
                       file.starts_with("external/") ||
                       file.find("/external/") != std::string_view::npos;
  return code.modules().empty() && !fetched ? Owner::own : Owner::library;
}

}  // namespace

std::string_view ownerName(Owner owner) { return rowOf(kOwners, owner).name; }

bool isRuntimeFunction(std::string_view function) {
  const std::string_view package = packageOf(function);
  return package == "runtime" || package.starts_with("runtime/") ||
         package.starts_with("internal/runtime/");
}

bool neverReturns(std::string_view function) {
  return function.starts_with("runtime.gopanic") || function.starts_with("runtime.panic") ||
         function.starts_with("runtime.goPanic") || function == "runtime.throw" ||
         function == "runtime.fatal" || function == "runtime.block" || function == "runtime.Goexit";
}

Owner ownerOf(const Code& code, std::string_view function, std::string_view file) {
  const std::string_view symbol = packageOf(function);
  if (symbol.empty()) return Owner::none;
  if (isRuntimeFunction(function)) return Owner::runtime;
  if (symbol == "main" || symbol == "main_test" || symbol == "command-line-arguments") {
    return Owner::own;
  }
  const std::string path = unescaped(symbol);
  // A test outside of its package is in the same module.
  std::string_view package = path;
  if (package.ends_with("_test")) package.remove_suffix(5);
  if (package == code.mainPackage()) return Owner::own;
  const image::BuildModule* module = moduleOf(code, package);
  if (module == nullptr) return ownerWithoutModule(code, package, file);
  if (module->main) return Owner::own;
  return module->replacedByDirectory ? Owner::local : ownerOfOthers(package);
}

bool isUserFunction(const Code& code, std::string_view function, std::string_view file) {
  return ownerOf(code, function, file) >= Owner::library;
}

bool isGeneratedFile(std::string_view file) {
  return file == "<autogenerated>" || file.ends_with("_cgo_gotypes.go");
}

ImageCode::ImageCode(const image::Image& image)
    : image_(&image), modules_(image::readBuildModules(image.target().executable())) {
  // "/usr/local/go/src/runtime/proc.go" gives "/usr/local/go/src/".
  const image::FunctionTable& table = image.functions();
  const image::FuncIndex index = table.byName("runtime.main");
  if (index == image::kNoFunc) return;
  const std::string_view file = table.file(index, table.function(index).entry);
  const auto at = file.rfind("runtime/proc.go");
  if (at != std::string_view::npos && at > 0) root_ = file.substr(0, at);
}

void ImageCode::expand(Addr pc, bool exact, std::vector<image::SourceFrame>& out) const {
  image_->functions().expand(pc, exact, out);
}

ImageCode::~ImageCode() = default;

/// A plugin may call a function of the program's, with a dictionary of its own.
std::string_view ImageCode::typesOf(Addr pc) const {
  const image::FunctionTable& table = image_->functions();
  const image::FuncIndex index = table.find(pc);
  if (index == image::kNoFunc || image_->modules().size() != 1) return {};
  const image::Function& function = table.function(index);
  if (function.name.find("[...]") == std::string_view::npos) return {};
  std::call_once(read_, [this] {
    instances_ =
        std::make_unique<Instances>(image_->target().executable(), image_->build().version);
  });
  return instances_->typesOf(function.entry - image_->target().bias());
}

bool ImageCode::methodOf(std::string_view wrapper, Addr entry, image::SourceFrame& out) const {
  constexpr std::string_view kMethodValue = "-fm";
  if (!wrapper.ends_with(kMethodValue)) return false;
  const std::string_view method = wrapper.substr(0, wrapper.size() - kMethodValue.size());
  const image::FunctionTable& table = image_->functions();
  std::vector<image::SourceFrame> frames;
  if (const auto index = table.byName(method); index != image::kNoFunc) {
    table.expand(table.function(index).entry, true, frames);
    if (frames.empty()) return false;
    out = frames.back();
    return true;
  }
  // Inlined into the wrapper, and called from nowhere else: the inline tree names it.
  constexpr Addr kLongestWrapper = 4096;
  const auto index = table.find(entry);
  if (index == image::kNoFunc) return false;
  const image::Function& function = table.function(index);
  const Addr end = std::min(function.end, function.entry + kLongestWrapper);
  for (Addr pc = function.entry; pc < end; ++pc) {
    frames.clear();
    table.expand(pc, true, frames);
    for (const image::SourceFrame& frame : frames) {
      if (frame.function != method) continue;
      out = frame;
      return true;
    }
  }
  return false;
}

std::string_view ImageCode::mainPackage() const { return image_->build().path; }

}  // namespace parked::leak
