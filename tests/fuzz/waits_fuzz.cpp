// room: golang
// Waits, queues, treaps, timers and poll descriptors over arbitrary memory. Each two bytes of the
// input become one word, a pointer into the memory if the top bit is set: lists, trees and cycles
// are the common case, not the rare one.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "golang/access.h"
#include "golang/netpoll.h"
#include "golang/reasons.h"
#include "golang/timer_heaps.h"
#include "golang/timers.h"
#include "golang/waits.h"

namespace {

using namespace parked;
using namespace parked::golang;

constexpr Addr kBase = 0xc000000000;
constexpr std::size_t kWords = 1 << 13;

struct FieldText {
  const char* name;
  std::uint32_t offset, size;
  const char* type = "";
};

// Layouts of our own, with as few gaps as possible.
class Layouts final : public image::LayoutSource {
 public:
  explicit Layouts(bool modern) {
    addChannels();
    addLocks();
    addPoll();
    addTimers(modern);
    add("runtime.g", 16, {{"timer", 0, 8}, {"coroarg", 8, 8}});
    add("internal/abi.Type", 48, {{"TFlag", 20, 1}, {"Str", 40, 4}});
  }
  const image::StructLayout* find(std::string_view type) override {
    const auto it = types_.find(type);
    return it == types_.end() ? nullptr : &it->second;
  }
  bool constant(std::string_view, std::int64_t&) override { return false; }
  std::string origin() const override { return "fuzz"; }

 private:
  void addChannels() {
    add("runtime.mutex", 8, {{"key", 0, 8}});
    add("runtime.waitq", 16, {{"first", 0, 8}, {"last", 8, 8}});
    add("runtime.sudog", 64,
        {{"g", 0, 8},
         {"next", 8, 8},
         {"prev", 16, 8},
         {"elem", 24, 8},
         {"waitlink", 32, 8},
         {"c", 40, 8},
         {"isSelect", 48, 1}});
    add("runtime.hchan", 96,
        {{"qcount", 0, 8},
         {"dataqsiz", 8, 8},
         {"elemsize", 16, 2},
         {"closed", 24, 4},
         {"timer", 32, 8},
         {"elemtype", 40, 8},
         {"recvq", 48, 16, "runtime.waitq"},
         {"sendq", 64, 16, "runtime.waitq"},
         {"lock", 80, 8, "runtime.mutex"}});
  }
  void addLocks() {
    add("runtime.semaRoot", 24, {{"lock", 0, 8, "runtime.mutex"}, {"treap", 8, 8}});
    add("runtime.notifyList", 32,
        {{"wait", 0, 4}, {"notify", 4, 4}, {"head", 16, 8}, {"tail", 24, 8}});
    add("sync.Mutex", 8, {{"state", 0, 4}, {"sema", 4, 4}});
    add("sync.RWMutex", 24,
        {{"w", 0, 8, "sync.Mutex"},
         {"writerSem", 8, 4},
         {"readerSem", 12, 4},
         {"readerCount", 16, 4},
         {"readerWait", 20, 4}});
    add("sync.WaitGroup", 16, {{"state", 0, 8}, {"sema", 8, 4}});
    add("sync.Cond", 48, {{"notify", 16, 32}});
    add("sync.Once", 12, {{"done", 0, 4}, {"m", 4, 8, "sync.Mutex"}});
  }
  void addPoll() {
    add("runtime.pollCache", 8, {{"first", 0, 8}});
    add("runtime.pollDesc", 64,
        {{"link", 0, 8},
         {"fd", 8, 8},
         {"rg", 16, 8},
         {"wg", 24, 8},
         {"rd", 32, 8},
         {"wd", 40, 8},
         {"self", 48, 8}});
  }
  void addTimers(bool modern) {
    if (modern) {
      add("runtime.timers", 24, {{"heap", 0, 24}});
      add("runtime.timerWhen", 16, {{"timer", 0, 8}, {"when", 8, 8}});
      add("runtime.p", 32, {{"timers", 8, 24, "runtime.timers"}});
    } else {
      add("runtime.p", 32, {{"timers", 8, 24}});
    }
    add("runtime.timer", 64,
        {{"when", 0, 8},
         {"period", 8, 8},
         {"f", 16, 8},
         {"arg", 24, 16},
         {modern ? "state" : "status", 40, modern ? 1U : 4U},
         {modern ? "ts" : "pp", 48, 8},
         {"nextwhen", 56, 8}});
  }
  void add(const char* type, std::uint32_t size, std::initializer_list<FieldText> fields) {
    image::StructLayout& layout = types_[type];
    layout.name = type;
    layout.size = size;
    for (const FieldText& f : fields) layout.fields.push_back({f.name, f.offset, f.size, f.type});
  }
  std::map<std::string, image::StructLayout, std::less<>> types_;
};

// Names for any pc, so that every kind of stack occurs.
class Code final : public CodeView {
 public:
  std::string_view functionAt(Addr code) override {
    static constexpr std::string_view kNames[] = {"time.sendTime",
                                                  "time.goFunc",
                                                  "runtime.goroutineReady",
                                                  "runtime.netpollDeadline",
                                                  "context.WithDeadline.func1",
                                                  ""};
    return kNames[code % std::size(kNames)];
  }
  void callNames(FramePc pc, std::vector<std::string_view>& out) override {
    static constexpr std::string_view kNames[] = {"runtime.gopark",
                                                  "runtime.selectgo",
                                                  "runtime.semacquire1",
                                                  "sync.runtime_SemacquireMutex",
                                                  "sync.(*Mutex).lockSlow",
                                                  "sync.(*RWMutex).Lock",
                                                  "sync.(*RWMutex).RLock",
                                                  "sync.(*Once).doSlow",
                                                  "sync.(*WaitGroup).Wait",
                                                  "sync.runtime_notifyListWait",
                                                  "runtime.coroswitch",
                                                  "runtime.chansend",
                                                  "main.f"};
    out.push_back(kNames[pc.pc % std::size(kNames)]);
  }
  void unwind(const Goroutine& goroutine, std::size_t limit, std::vector<Frame>& out) override {
    for (std::size_t i = 0; i < limit; ++i) {
      Frame frame;
      frame.sp = goroutine.sp + 64 * i;
      frame.fp = frame.argp = frame.sp + 64;
      out.push_back(frame);
    }
  }
  std::uint32_t stackObjectSize(const Frame&, Addr address) override {
    return static_cast<std::uint32_t>(address % 7 * 16);
  }
};

class FuzzAccess final : public Access {
 public:
  using Access::Access;
  Addr variable(std::string_view name) const override {
    if (name == "runtime.semtable") return kBase;
    if (name == "runtime.allp") return kBase + 0x4000;
    if (name == "runtime.pollcache") return kBase + 0x4040;
    if (name == "runtime.persistentChunks") return kBase + 0x4080;
    return 0;
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const Snapshot& snapshot) {
  for (const Wait& wait : snapshot.waits) {
    require(wait.goroutine < snapshot.goroutines.size());
    switch (wait.kind) {
      case ObjectKind::channel:
        require(wait.object < snapshot.channels.size());
        break;
      case ObjectKind::mutex:
      case ObjectKind::rwMutex:
      case ObjectKind::waitGroup:
      case ObjectKind::cond:
      case ObjectKind::once:
      case ObjectKind::semaphore:
        require(wait.object < snapshot.locks.size());
        require(snapshot.locks[wait.object].waiters > 0);
        break;
      case ObjectKind::fd:
        require(wait.object < snapshot.fds.size());
        break;
      case ObjectKind::timer:
        require(wait.object == kNone || wait.object < snapshot.timers.size());
        break;
      default:
        break;
    }
  }
  std::size_t total = 0;
  for (const Goroutine& g : snapshot.goroutines) {
    require(g.firstWait == total);
    total += g.waitCount;
  }
  require(total == snapshot.waits.size());
}

constexpr std::string_view kReasons[] = {
    "",          "chan receive",     "chan send",         "select",
    "IO wait",   "semacquire",       "sync.Mutex.Lock",   "sync.RWMutex.RLock",
    "sleep",     "sync.Cond.Wait",   "sync.RWMutex.Lock", "sync.WaitGroup.Wait",
    "coroutine", "select (no cases)"};

void addReasons(Snapshot& snapshot) {
  for (const std::string_view text : kReasons) {
    Reason reason;
    reason.kind = classifyReason(text, reason.durable);
    reason.text = snapshot.strings.intern(text);
    snapshot.reasons.push_back(reason);
  }
}

// Goroutines and their stacks from the start of the input.
void addGoroutines(Snapshot& snapshot, const std::vector<std::uint64_t>& words, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = words[(2 + 3 * i) % kWords];
    Goroutine g;
    g.address = kBase + word % kWords * 8;
    g.id = i + 1;
    g.status = Status::waiting;
    g.reason = static_cast<std::uint16_t>(word / 8 % std::size(kReasons));
    g.waitingSudog = words[(3 + 3 * i) % kWords];
    g.sp = words[(4 + 3 * i) % kWords];
    g.selectDone = (word & 1) != 0;
    g.stack = static_cast<Index>(i);
    snapshot.stacks.push_back({static_cast<std::uint32_t>(snapshot.pcs.size()), 6, false});
    for (std::size_t k = 0; k < 6; ++k) {
      FramePc pc{};
      pc.pc = (words[(5 + 3 * i + k) % kWords] >> 3) & 0xffff;
      snapshot.pcs.push_back(pc);
    }
    snapshot.goroutines.push_back(g);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::vector<std::uint64_t> words(kWords);
  for (std::size_t i = 0; i < kWords && 2 * i + 1 < size; ++i) {
    const auto value = static_cast<std::uint32_t>(data[2 * i] | data[2 * i + 1] << 8);
    words[i] = (value & 0x8000) != 0 ? kBase + (value & 0x7fff) % kWords * 8 : value;
  }
  target::AddressSpace memory;
  memory.add({.start = kBase,
              .end = kBase + kWords * 8,
              .mapped = reinterpret_cast<const std::byte*>(words.data()),
              .writable = true,
              .executable = false,
              .fromExecutable = false});
  const bool modern = (data[0] & 1) != 0;
  Layouts layouts(modern);
  Code code;
  image::Module module;
  module.types = kBase;
  module.typesEnd = kBase + kWords * 8;
  image::ModuleList modules{module};
  FuzzAccess access(memory, layouts, code, modules);
  access.version.minor = modern ? 26 : 22;

  Snapshot snapshot;
  addReasons(snapshot);
  addGoroutines(snapshot, words, 1 + data[1] % 32);
  readTimers(snapshot, access);
  readPollFds(snapshot, access);
  resolveWaits(snapshot, access, nullptr);
  check(snapshot);
  return 0;
}
