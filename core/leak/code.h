// Where in the source a pc is. Between the snapshot's bare pcs and every sentence about them; its
// own interface so that rules are tested without an executable.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/build_modules.h"
#include "image/functions.h"
#include "image/image.h"

namespace parked::leak {

class Instances;

class Code {
 public:
  virtual ~Code() = default;
  /// Appends the source frames at pc, innermost inlined call first, as
  /// image::FunctionTable::expand does; nothing if no Go function covers pc. The views stay valid
  /// as long as the Code.
  virtual void expand(Addr pc, bool exact, std::vector<image::SourceFrame>& out) const = 0;
  /// The first frame of the method behind a method value's wrapper ("main.(*T).tick-fm"), whose own
  /// frame names no place of the source; false if the wrapper is none or the method is not found.
  virtual bool methodOf(std::string_view wrapper, Addr entry, image::SourceFrame& out) const {
    (void)wrapper, (void)entry, (void)out;
    return false;
  }
  /// Of the function at pc, not one that is inlined there, the types it was instantiated for:
  /// "int,*shop.Order"; "" if it is not generic, or that is not known.
  virtual std::string_view typesOf(Addr pc) const {
    (void)pc;
    return {};
  }
  /// Path of the main package ("example.com/shop/cmd/api"), "" if unknown.
  virtual std::string_view mainPackage() const { return {}; }
  /// The modules the program was built of; none if it was built without modules.
  virtual std::span<const image::BuildModule> modules() const { return {}; }
  /// Where the standard library's files are ("/usr/local/go/src/"), "" if unknown or -trimpath.
  virtual std::string_view standardLibraryRoot() const { return {}; }
};

/// Whose code a function is, the farthest from the reader of a report first.
enum class Owner : std::uint8_t {
  none,      ///< not Go's, or unknown
  runtime,   ///< the Go runtime
  standard,  ///< the standard library, and golang.org/x: nobody looks for his leak in errgroup
  library,   ///< a module that somebody else wrote, by all that is known
  local,     ///< a module that go.mod replaces by a directory
  own,       ///< the main module, another of its workspace, package main
};
/// "standard_library", "library", "local_module", "main_module"; "runtime"; "" for none.
std::string_view ownerName(Owner owner);
Owner ownerOf(const Code& code, std::string_view function, std::string_view file);

/// The function belongs to the runtime.
bool isRuntimeFunction(std::string_view function);
/// A call of the function does not come back: it panics, or ends the goroutine or the program.
bool neverReturns(std::string_view function);
/// The function is neither the runtime's nor the standard library's, golang.org/x included.
bool isUserFunction(const Code& code, std::string_view function, std::string_view file);
/// Nobody wrote this file: the compiler made it, or cgo.
bool isGeneratedFile(std::string_view file);

/// The code of a Go executable.
class ImageCode : public Code {
 public:
  explicit ImageCode(const image::Image& image);
  ~ImageCode() override;
  void expand(Addr pc, bool exact, std::vector<image::SourceFrame>& out) const override;
  bool methodOf(std::string_view wrapper, Addr entry, image::SourceFrame& out) const override;
  std::string_view typesOf(Addr pc) const override;
  std::string_view mainPackage() const override;
  std::span<const image::BuildModule> modules() const override { return modules_; }
  std::string_view standardLibraryRoot() const override { return root_; }

 private:
  const image::Image* image_;
  mutable std::once_flag read_;
  mutable std::unique_ptr<Instances> instances_;  // read when first asked for
  std::vector<image::BuildModule> modules_;
  std::string_view root_;
};

}  // namespace parked::leak
