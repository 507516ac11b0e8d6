// Which locks a function holds at each of its instructions, and in which of its frame's words their
// addresses are: its code followed along every way through it (a data-flow analysis), so that
// branches, loops, several locks on one line and words that were used again do not deceive.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "leak/duff_device.h"
#include "leak/machine_code.h"
#include "leak/values.h"

namespace parked::leak {

/// What is locked: a Mutex, or an RWMutex for writing or for reading.
enum class LockMode : std::uint8_t { mutex, writer, reader };

/// A method of package sync.
struct LockCall {
  LockMode mode = LockMode::mutex;
  bool acquires = false;
  bool tries = false;  ///< its result says whether it did
};

/// Where a lock is taken or released.
struct LockSite {
  Addr pc = 0;         ///< of an atomic instruction itself, of a call the return address
  bool exact = false;  ///< it is the instruction itself
  Addr via = 0;  ///< the return address of the call in this function that led there; 0: itself
  std::uint64_t instance = 0;  ///< of an inlined call, which; 0: not inlined

  bool operator==(const LockSite&) const = default;
};
/// The size of a frame's word; offsets in a frame have a sign.
inline constexpr std::int64_t kFrameWord = kWord;

using SiteId = std::uint32_t;
inline constexpr SiteId kNoSite = 0xffffffff;

/// Something that was done to a lock and not undone.
struct LockEvent {
  SiteId site = 0;
  ValueId lock = 0;  ///< its address
  LockMode mode = LockMode::mutex;
  bool acquires = false;
  bool certain = true;  ///< on every way to here

  bool operator==(const LockEvent&) const = default;
};

/// What a function has done to locks by the time it returns.
struct LockSummary {
  const Values* values = nullptr;
  std::span<const LockSite> sites;
  std::vector<LockEvent> events = {};
  SiteId result = kNoSite;  ///< it returns whether it took the lock of this site
};

/// What the machine code alone does not say.
class CodeFacts {
 public:
  enum class Kind : std::uint8_t {
    plain,
    lock,
    neverReturns,
    moreStack,         ///< comes back with everything as it was, but for the registers
    moreStackContext,  ///< and the closure's register is kept
    writeBarrier,      ///< keeps the registers
    fill,              ///< writes from CallRules::fill on: `filled`, or some 1,000 bytes
    runsDeferred,      ///< calls what was deferred
  };
  struct Callee {
    Kind kind = Kind::plain;
    LockCall lock;
    std::optional<std::uint32_t> argBytes;  ///< nothing: not known
    std::optional<Filled> filled = {};
    const LockSummary* summary = nullptr;
  };
  /// An atomic instruction of an inlined method of package sync.
  struct Atomic {
    LockCall lock;
    std::int64_t field = 0;  ///< the word it changes starts so many bytes into the lock
    std::uint64_t instance = 0;
  };
  struct Range {
    std::int64_t from = 0, to = 0;  ///< bytes from the end of the frame (the caller's SP)
  };

  virtual ~CodeFacts() = default;
  /// `pcs`: the atomic instruction, and those that use its result: the compiler often gives the
  /// former the line of the call, and only the latter are told to be of the inlined method.
  virtual std::optional<Atomic> atomicAt(std::span<const Addr> pcs) = 0;
  virtual Callee callee(Addr entry) = 0;
  virtual bool isFunction(Addr address) = 0;
  virtual bool word(Addr address, Addr& value) = 0;
};

/// What is known of a function's frame.
struct FrameFacts {
  std::vector<CodeFacts::Range> objects;  ///< variables whose address is taken
  std::int64_t locals = 0;  ///< where the words that may be pointers start, from its end
};

class LockFlow {
 public:
  struct Word {
    std::int64_t offset = 0;  ///< from the end of the frame
    ValueId value = 0;
    bool operator==(const Word&) const = default;
  };
  /// Which outcome the flags tell of an attempt to lock.
  struct Flags {
    SiteId site = kNoSite;
    bool whenEqual = false;  ///< got if the zero flag is set
    bool operator==(const Flags&) const = default;
  };
  struct State {
    ValueId registers[kRegisters] = {};
    Flags flags;
    std::vector<Word> words;  ///< by offset
    std::vector<LockEvent> events;
    bool operator==(const State&) const = default;
  };

  /// `code` is all of a function.
  LockFlow(const arch::Architecture& arch, std::vector<Instruction> code, FrameFacts frame,
           CodeFacts& facts);

  /// Whether the code was understood; the rest may be asked only then.
  bool run();

  /// What is so when the call returns to `pc` has been reached and not made, or before the
  /// instruction at `pc` (`exact`); nothing if no way leads there.
  std::optional<State> before(Addr pc, bool exact);
  /// The instruction at which before() stops; null if there is none.
  const Instruction* at(Addr pc, bool exact) const;

  const Values& values() const { return values_; }
  const std::vector<LockSite>& sites() const { return sites_; }
  /// What it has done when it returns.
  LockSummary summary() const;
  ValueId wordAt(const State& state, std::int64_t offset);
  /// It has something deferred, of which the code does not say when it has run.
  bool defers() const { return defers_; }

 private:
  struct Edge {
    std::uint32_t from = 0;  ///< block
    bool taken = false;
  };
  struct Block {
    std::uint32_t first = 0, last = 0;  ///< instructions [first, last)
    std::vector<std::uint32_t> next = {};
    std::vector<Edge> from = {};
    std::uint32_t order = kNone;  ///< number in reverse postorder; kNone: not reached
    bool done = false;            ///< in and out are set
    State in = {}, out = {};
  };
  static constexpr std::uint32_t kNone = 0xffffffff;
  /// What is written through an address that is not told exactly, or how much is not told.
  static constexpr std::int64_t kUnknownExtent = 1024;

  bool settle();
  bool makeBlocks();
  bool successors(std::uint32_t at, std::vector<Addr>& out, bool& falls) const;
  bool tableOf(std::uint32_t jump, std::vector<Addr>& out) const;
  std::uint32_t indexOf(Addr pc) const;
  void number();
  bool endsBlock(const Instruction& instruction) const;
  bool neverReturns(const Instruction& instruction) const;

  State entryState();
  State join(std::uint32_t block);
  Flags askedBy(const State& state, const Instruction& branch) const;
  void merge(State& into, const State& from, std::uint32_t block, bool back);
  void mergeWords(State& into, const State& from, std::uint32_t block);
  void mergeEvents(State& into, const State& from, std::uint32_t block, bool back);
  ValueId mergeValue(ValueId a, ValueId b, std::uint32_t block, std::int64_t place);
  static void refine(State& state, SiteId site, bool got);

  void step(State& state, const Instruction& instruction);
  void stepArithmetic(State& state, const Instruction& instruction);
  void stepAtomic(State& state, const Instruction& instruction);
  std::vector<Addr> usersOf(const Instruction& atomic) const;
  void stepCall(State& state, const Instruction& instruction);
  void stepResult(State& state, const Instruction& instruction);
  void stepTest(State& state, const Instruction& instruction);
  void stepAddress(State& state, const Instruction& instruction);
  void stepMove(State& state, const Instruction& instruction);
  void stepPush(State& state, const Instruction& instruction);
  void clobber(State& state, const Instruction& instruction, const CodeFacts::Callee& callee);
  void finish(State& state);
  CodeFacts::Callee calleeOf(const State& state, const Instruction& instruction);
  void applySummary(State& state, const Instruction& call, const LockSummary& summary);
  ValueId translate(const State& state, const Instruction& call, const LockSummary& summary,
                    ValueId value, int depth);
  void apply(State& state, LockEvent event);
  SiteId siteOf(const LockSite& site);

  ValueId addressOf(const State& state, const Instruction& instruction, const Operand& memory);
  ValueId valueOf(const State& state, const Instruction& instruction, const Operand& operand);
  void assign(State& state, const Instruction& instruction, const Operand& to, ValueId value);
  void setWord(State& state, std::int64_t offset, ValueId value);
  void spoil(State& state, Addr pc, std::int64_t from, std::int64_t to);
  void spoilFrom(State& state, Addr pc, ValueId address, const std::optional<Filled>& filled);
  void spoilRegisters(State& state, const Instruction& instruction);
  void spoilStore(State& state, const Instruction& instruction, const Operand& memory);
  std::optional<std::int64_t> frameOffset(ValueId value) const;

  const arch::Architecture& arch_;
  const CallRules& rules_;
  std::vector<Instruction> code_;
  FrameFacts frame_;
  CodeFacts& facts_;
  Values values_;
  std::vector<LockSite> sites_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> order_;  // blocks in reverse postorder
  std::vector<std::int64_t> taken_;   // frame offsets whose address was taken
  bool defers_ = false;
};

}  // namespace parked::leak
