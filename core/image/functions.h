// pclntab: which function a pc belongs to, its frame size, file and line, inlined calls, stack
// maps. Mirrors runtime/symtab.go, runtime/symtabinl.go and internal/abi/symtab.go, Go 1.18
// to 1.27.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/build_info.h"
#include "image/layout.h"
#include "image/moduledata.h"
#include "target/target.h"

namespace parked::image {

/// Index of a function over all modules.
using FuncIndex = std::uint32_t;
inline constexpr FuncIndex kNoFunc = 0xffffffff;

/// Flags of _func.flag (internal/abi.FuncFlag, the same in all versions).
struct FuncFlags {
  bool top = false;      ///< outermost frame of a stack (goexit, mstart, …)
  bool spWrite = false;  ///< writes SP: cannot be unwound unless innermost
  bool assembly = false;
};

/// PCDATA tables (stable 1.18 to 1.27).
enum class PcData : std::uint32_t {
  unsafePoint = 0,
  stackMapIndex = 1,
  inlineTree = 2,
  argLive = 3
};
/// FUNCDATA tables (stable 1.18 to 1.27).
enum class FuncData : std::uint8_t {
  argPointers = 0,
  localPointers = 1,
  stackObjects = 2,
  inlineTree = 3,
  openCodedDefers = 4,
  argInfo = 5,
  argLiveInfo = 6,
  wrapInfo = 7,
};

struct Function {
  Addr entry = 0;
  Addr end = 0;                ///< entry of the next function
  std::string_view name;       ///< as Go prints it: "main.(*T).run", "main.f[...]"
  std::int32_t argBytes = 0;   ///< size of in-args; kArgsUnknown for some assembly
  std::int32_t startLine = 0;  ///< 0 before 1.20
  FuncFlags flags;
  bool wrapper = false;  ///< compiler-generated wrapper (funcID wrapper), hidden from tracebacks
};
inline constexpr std::int32_t kArgsUnknown = INT32_MIN;

/// One source-level frame of a pc: the physical function, or a call inlined into it.
struct SourceFrame {
  std::string_view function;
  std::string_view file;
  std::int32_t line = 0;
  bool inlined = false;  ///< has no frame of its own; the next SourceFrame is its caller
  bool wrapper = false;  ///< hidden by Go's traceback, unless it called panic (gopanic, sigpanic)
  std::int32_t startLine = 0;
};

/// All functions of all modules. Names and files are views that stay valid as long as the table and
/// the target's memory. Asking is thread-safe where the target's memory is.
class FunctionTable {
 public:
  /// An error when the first module's tables are not readable; another module's are counted in
  /// target.incomplete(). `target` must outlive the table. Numbers of functions' kinds that a Go
  /// newer than parked may have changed are asked of `layouts`, when it is given.
  static Result<std::unique_ptr<FunctionTable>> open(target::Target& target,
                                                     const GoVersion& version,
                                                     const ModuleList& modules,
                                                     LayoutSource* layouts = nullptr);
  ~FunctionTable();

  std::size_t size() const;
  FuncIndex find(Addr pc) const;  ///< kNoFunc if no Go function covers pc
  /// Decoded once and kept; the reference stays valid.
  const Function& function(FuncIndex index) const;
  /// First function of that name as the binary has it ("main.f[go.shape.int]"), by a hash that the
  /// first use builds; kNoFunc if none.
  FuncIndex byName(std::string_view name) const;

  /// pcsp: bytes the frame has grown at pc (without a return address that calls push); -1: unknown
  std::int32_t frameSize(FuncIndex index, Addr pc) const;
  std::int32_t pcData(FuncIndex index, PcData table, Addr pc) const;  ///< -1 if none
  /// Address of a FUNCDATA table, 0 if absent.
  Addr funcData(FuncIndex index, FuncData table) const;
  std::int32_t line(FuncIndex index, Addr pc) const;  ///< 0 if unknown
  std::string_view file(FuncIndex index, Addr pc) const;

  /// The source frames at pc, innermost inlined call first, the physical function last. `exact`:
  /// pc itself is looked up (innermost frame, caller of sigpanic/asyncPreempt); otherwise pc is a
  /// return address and pc-1 is.
  void expand(Addr pc, bool exact, std::vector<SourceFrame>& out) const;

 private:
  FunctionTable();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parked::image
