// What the walkers of waits, timers and the network poller ask about the target, gathered in one
// place so that a test can put a synthetic runtime behind them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "golang/snapshot.h"
#include "golang/unwind.h"
#include "image/image.h"

namespace parked::golang {

/// Questions about code and stacks.
class CodeView {
 public:
  virtual ~CodeView() = default;

  /// Name of the function that starts at `code`; "" if none does.
  virtual std::string_view functionAt(Addr code) = 0;

  /// Appends the names of the source-level calls at a frame's pc, innermost inlined call first and
  /// the physical function last.
  virtual void callNames(FramePc pc, std::vector<std::string_view>& out) = 0;

  /// The innermost `limit` physical frames of a parked goroutine, with their addresses.
  virtual void unwind(const Goroutine& goroutine, std::size_t limit, std::vector<Frame>& out) = 0;

  /// Size in bytes of the address-taken local variable of `frame` that starts at `address`
  /// (FUNCDATA_StackObjects); 0 if there is none.
  virtual std::uint32_t stackObjectSize(const Frame& frame, Addr address) = 0;
};

struct Access {
  Access(target::AddressSpace& m, image::LayoutSource& l, CodeView& c,
         const image::ModuleList& list)
      : memory(m), layouts(l), code(c), modules(list) {}

  target::AddressSpace& memory;
  image::LayoutSource& layouts;
  CodeView& code;
  const image::ModuleList& modules;
  const target::Architecture* architecture = &arch::host();
  image::GoVersion version;

  /// Address of a runtime variable, 0 if unknown.
  virtual Addr variable(std::string_view name) const = 0;

 protected:
  ~Access() = default;
};

/// CodeView over the executable's function table.
class ImageCode final : public CodeView {
 public:
  explicit ImageCode(image::Image& image) : image_(image), unwinder_(image) {}
  std::string_view functionAt(Addr code) override;
  void callNames(FramePc pc, std::vector<std::string_view>& out) override;
  void unwind(const Goroutine& goroutine, std::size_t limit, std::vector<Frame>& out) override;
  std::uint32_t stackObjectSize(const Frame& frame, Addr address) override;

 private:
  image::Image& image_;
  Unwinder unwinder_;
  std::vector<image::SourceFrame> expanded_;
};

/// Access to a real target.
class ImageAccess final : public Access {
 public:
  ImageAccess(image::Image& image, CodeView& view);
  Addr variable(std::string_view name) const override;

 private:
  image::Image& image_;
};

}  // namespace parked::golang
