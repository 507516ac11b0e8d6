// What a function may still do to wake somebody, from one of its calls on: where its code sends,
// receives, closes or calls Done, and how it gets to the object.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "image/image.h"
#include "leak/machine_code.h"
#include "leak/wake_act.h"
#include "leak/word_path.h"

namespace parked::leak {

/// A call that may wake whoever waits on the object.
struct WakeSite {
  WakeAct act = WakeAct::receive;
  Addr pc = 0;      ///< the return address of the call
  WordPath object;  ///< from the frame that stands there, or that has the closure
  /// It is in this closure, which the frame has at `closureAt`: mostly something deferred.
  image::FuncIndex closure = image::kNoFunc;
  std::int64_t closureAt = 0;  ///< bytes from the stack pointer
};

class WakeSites {
 public:
  explicit WakeSites(image::Image& image);

  /// What the function may come to when the call returns to `pc`, at most once for each site.
  /// Empty where its code is not understood: then nothing is said of it.
  const std::vector<WakeSite>& from(image::FuncIndex function, Addr pc);

 private:
  struct Call {
    std::uint32_t instruction;
    WakeSite site;
  };
  struct Closure {
    std::int64_t at;
    image::FuncIndex function;
    auto operator<=>(const Closure&) const = default;
  };
  struct Code {
    std::vector<Instruction> instructions;  ///< empty: not understood
    std::vector<Call> calls;
    std::vector<Closure> closures;
  };
  class Reader;

  const Code& codeOf(image::FuncIndex function);
  bool mayWake(image::FuncIndex function, bool closures) const;
  void addReachable(const Code& code, Addr pc, std::vector<WakeSite>& out) const;
  void addClosures(const Code& code, std::vector<WakeSite>& out);

  image::Image& image_;
  std::unique_ptr<arch::Decoder> decoder_;  // null: none for this architecture
  std::unordered_map<image::FuncIndex, Code> codes_;
  std::unordered_map<Addr, std::vector<WakeSite>> known_;  // by pc
};

}  // namespace parked::leak
