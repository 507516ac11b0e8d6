#include "leak/code.h"

#include <algorithm>

#include "image/symbol_name.h"

namespace parked::leak {

namespace {

using image::packageOf;

bool inModule(std::string_view package, std::string_view module) {
  return !module.empty() && package.substr(0, module.size()) == module &&
         (package.size() == module.size() || package[module.size()] == '/');
}

}  // namespace

bool isRuntimeFunction(std::string_view function) {
  const std::string_view package = packageOf(function);
  return package == "runtime" || package.starts_with("runtime/") ||
         package.starts_with("internal/runtime/");
}

bool isUserFunction(const Code& code, std::string_view function, std::string_view file) {
  const std::string_view package = packageOf(function);
  if (package.empty()) return false;
  if (package == "main" || package == "main_test" || package == "command-line-arguments") {
    return true;
  }
  if (package == code.mainPackage() || inModule(package, code.mainModule())) return true;
  // golang.org/x is the standard library's other half: nobody looks for his leak in errgroup.
  if (package.starts_with("golang.org/x/")) return false;
  if (package.substr(0, package.find('/')).find('.') != std::string_view::npos) return true;
  // No dot in the first element: the standard library, unless its file lies outside GOROOT (a
  // second module without a dot, a workspace). With -trimpath there is no GOROOT to compare with.
  const std::string_view root = code.standardLibraryRoot();
  return !root.empty() && !file.empty() && !file.starts_with(root) && file.front() == '/';
}

ImageCode::ImageCode(const image::Image& image) : image_(&image) {
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

std::string_view ImageCode::mainModule() const {
  const std::string_view module = image_->build().module;
  return module.substr(0, module.find_first_of(" \t@"));
}

}  // namespace parked::leak
