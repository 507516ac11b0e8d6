#include "golang/synthetic_runtime.h"

#include <sstream>

#include "golang/reasons.h"
#include "golang/waits.h"

namespace parked::test {

namespace {

// "offset size name [type]" a line, the lines of a struct after "= type size".
constexpr const char* kLayouts122 = R"(
= runtime.sudog 88
0 8 g
8 8 next
16 8 prev
24 8 elem
52 1 isSelect
56 8 parent
64 8 waitlink
72 8 waittail
80 8 c
= runtime.hchan 96
0 8 qcount
8 8 dataqsiz
16 8 buf
24 2 elemsize
28 4 closed
32 8 elemtype
56 16 recvq runtime.waitq
72 16 sendq runtime.waitq
88 8 lock runtime.mutex
= runtime.g 408
352 8 timer
= runtime.p 9000
8864 8 timersLock runtime.mutex
8872 24 timers
= runtime.timer 72
0 8 pp
8 8 when
16 8 period
24 8 f
32 16 arg
56 8 nextwhen
64 4 status
= runtime.pollDesc 248
0 8 link
8 8 fd
32 8 rg
40 8 wg
144 8 rd
232 8 wd
240 8 self
= sync.Mutex 8
0 4 state
4 4 sema
= sync.Once 12
0 4 done
4 8 m sync.Mutex
)";

constexpr const char* kLayouts126 = R"(
= runtime.maybeTraceablePtr 16
0 8 vp
8 8 vu
= runtime.maybeTraceableChan 16
0 16 maybeTraceablePtr runtime.maybeTraceablePtr
= runtime.sudog 104
0 8 g
8 8 next
16 8 prev
24 16 elem runtime.maybeTraceablePtr
60 1 isSelect
64 8 parent
72 8 waitlink
80 8 waittail
88 16 c runtime.maybeTraceableChan
= runtime.hchan 112
0 8 qcount
8 8 dataqsiz
16 8 buf
24 2 elemsize
28 4 closed
32 8 timer
40 8 elemtype
64 16 recvq runtime.waitq
80 16 sendq runtime.waitq
104 8 lock runtime.mutex
= runtime.g 456
352 8 timer
384 8 coroarg
= runtime.timers 64
0 8 mu runtime.mutex
8 24 heap
32 4 len
= runtime.timerWhen 16
0 8 timer
8 8 when
= runtime.p 15920
13672 64 timers runtime.timers
= runtime.timer 96
8 1 astate
9 1 state
10 1 isChan
11 1 isFake
24 8 when
32 8 period
40 8 f
48 16 arg
72 8 ts
= runtime.pollDesc 296
0 8 link
8 8 fd
32 8 rg
40 8 wg
168 8 rd
280 8 wd
288 8 self
= internal/sync.Mutex 8
0 4 state
4 4 sema
= sync.Mutex 8
0 8 mu internal/sync.Mutex
= sync.Once 12
0 4 done
4 8 m sync.Mutex
)";

constexpr const char* kLayoutsBoth = R"(
= runtime.waitq 16
0 8 first
8 8 last
= runtime.mutex 8
0 8 key
= runtime.semaRoot 24
0 8 lock runtime.mutex
8 8 treap
16 4 nwait
= runtime.notifyList 32
0 4 wait
4 4 notify
8 8 lock runtime.mutex
16 8 head
24 8 tail
= runtime.coro 16
0 8 gp
8 8 f
= runtime.pollCache 16
0 8 lock runtime.mutex
8 8 first
= internal/abi.Type 48
0 8 Size_
20 1 TFlag
23 1 Kind_
40 4 Str
= sync.RWMutex 24
0 8 w sync.Mutex
8 4 writerSem
12 4 readerSem
16 4 readerCount
20 4 readerWait
= sync.WaitGroup 16
0 8 state
8 4 sema
= sync.Cond 56
0 16 L
16 32 notify
)";

void parseLayouts(const char* text, SyntheticLayouts& layouts) {
  std::istringstream lines(text);
  std::string line, type;
  std::uint32_t size = 0;
  std::vector<image::FieldLayout> fields;
  const auto flush = [&] {
    if (!type.empty()) layouts.add(type, size, std::move(fields));
    fields.clear();
  };
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    if (line.starts_with("= ")) {
      flush();
      words.ignore(2);
      words >> type >> size;
    } else if (!line.empty()) {
      image::FieldLayout field;
      words >> field.offset >> field.size >> field.name >> field.type;
      fields.push_back(field);
    }
  }
  flush();
}

}  // namespace

std::vector<golang::FramePc> SyntheticCode::stack(
    const std::vector<std::vector<std::string>>& list) {
  std::vector<golang::FramePc> pcs;
  for (const auto& names : list) {
    calls_[nextPc_] = names;
    golang::FramePc frame{};
    frame.pc = nextPc_ & ((std::uint64_t{1} << 63) - 1);
    frame.exact = pcs.empty();
    pcs.push_back(frame);
    nextPc_ += 0x10;
  }
  return pcs;
}

std::string_view SyntheticCode::functionAt(Addr address) {
  const auto it = functions_.find(address);
  return it == functions_.end() ? std::string_view() : it->second;
}

void SyntheticCode::callNames(golang::FramePc pc, std::vector<std::string_view>& out) {
  for (const std::string& name : calls_[pc.pc]) out.push_back(name);
}

void SyntheticCode::unwind(const golang::Goroutine& goroutine, std::size_t limit,
                           std::vector<golang::Frame>& out) {
  for (const golang::Frame& frame : frames[goroutine.address]) {
    if (out.size() < limit) out.push_back(frame);
  }
}

std::uint32_t SyntheticCode::stackObjectSize(const golang::Frame&, Addr address) {
  const auto it = stackObjects.find(address);
  return it == stackObjects.end() ? 0 : it->second;
}

SyntheticRuntime::SyntheticRuntime(Era e, std::size_t memory)
    : era(e), access(target.memory(), layouts, code, modules), end_(kBase + memory) {
  target.map(kBase, memory);
  addLayouts();
  access.version.minor = era == Era::go122 ? 22 : 26;
  semaphoreTable = allocate(kSemaphoreRoots * semaphoreRootSize());
  access.variables["runtime.semtable"] = semaphoreTable;
  for (const char* text :
       {"", "GC assist marking", "IO wait", "chan receive", "chan send", "select",
        "chan receive (nil chan)", "chan send (nil chan)", "select (no cases)", "semacquire",
        "sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock", "sync.WaitGroup.Wait",
        "sync.Cond.Wait", "sleep", "coroutine", "finalizer wait", "somebody's own"}) {
    golang::Reason reason;
    reason.kind = golang::classifyReason(text, reason.durable);
    reason.text = snapshot.strings.intern(text);
    snapshot.reasons.push_back(reason);
  }
}

void SyntheticRuntime::addLayouts() {
  parseLayouts(kLayoutsBoth, layouts);
  parseLayouts(era == Era::go122 ? kLayouts122 : kLayouts126, layouts);
}

Addr SyntheticRuntime::allocate(std::size_t size) {
  const Addr at = next_;
  next_ += (size + 15) / 16 * 16;
  if (next_ > end_) ADD_FAILURE() << "the test's memory is used up";
  return at;
}

Addr SyntheticRuntime::make(std::string_view type) {
  const image::StructLayout* layout = layouts.find(type);
  if (layout == nullptr) ADD_FAILURE() << "no layout of " << type;
  return allocate(layout == nullptr ? 8 : layout->size);
}

namespace {
const image::FieldLayout* findField(SyntheticLayouts& layouts, std::string_view type,
                                    std::string_view path, std::uint64_t& offset) {
  offset = 0;
  for (;;) {
    const image::StructLayout* layout = layouts.find(type);
    const auto dot = path.find('.');
    const image::FieldLayout* field =
        layout == nullptr ? nullptr : layout->field(path.substr(0, dot));
    if (field == nullptr) return nullptr;
    offset += field->offset;
    if (dot == std::string_view::npos) return field;
    type = field->type;
    path.remove_prefix(dot + 1);
  }
}
}  // namespace

std::uint64_t SyntheticRuntime::offset(std::string_view type, std::string_view path) {
  std::uint64_t result = 0;
  if (findField(layouts, type, path, result) == nullptr) {
    ADD_FAILURE() << "no field " << type << "." << path;
  }
  return result;
}

void SyntheticRuntime::set(Addr object, std::string_view type, std::string_view path,
                           std::uint64_t value) {
  std::uint64_t at = 0;
  const image::FieldLayout* field = findField(layouts, type, path, at);
  if (field == nullptr) {
    ADD_FAILURE() << "no field " << type << "." << path;
    return;
  }
  target.put(object + at, &value, std::min<std::size_t>(field->size, sizeof value));
}

golang::Index SyntheticRuntime::stack(const std::vector<std::vector<std::string>>& frames) {
  const auto pcs = code.stack(frames);
  const auto index = static_cast<golang::Index>(snapshot.stacks.size());
  snapshot.stacks.push_back({static_cast<std::uint32_t>(snapshot.pcs.size()),
                             static_cast<std::uint32_t>(pcs.size()), false});
  snapshot.pcs.insert(snapshot.pcs.end(), pcs.begin(), pcs.end());
  return index;
}

golang::Index SyntheticRuntime::park(std::string_view reason, golang::Index stackIndex) {
  golang::Goroutine g;
  g.address = make("runtime.g");
  g.id = snapshot.goroutines.size() + 1;
  g.status = golang::Status::waiting;
  g.stack = stackIndex;
  for (std::size_t i = 0; i < snapshot.reasons.size(); ++i) {
    if (snapshot.strings[snapshot.reasons[i].text] == reason) {
      g.reason = static_cast<std::uint16_t>(i);
    }
  }
  snapshot.goroutines.push_back(g);
  return static_cast<golang::Index>(snapshot.goroutines.size() - 1);
}

Addr SyntheticRuntime::channel(std::uint64_t capacity, std::uint64_t length) {
  const Addr c = make("runtime.hchan");
  set(c, "runtime.hchan", "dataqsiz", capacity);
  set(c, "runtime.hchan", "qcount", length);
  return c;
}

Addr SyntheticRuntime::sudog(golang::Index goroutine, Addr channelAddress, Addr element) {
  const Addr s = make("runtime.sudog");
  set(s, "runtime.sudog", "g", snapshot.goroutines[goroutine].address);
  const bool pairs = era == Era::go126;
  set(s, "runtime.sudog", pairs ? "elem.vu" : "elem", element);
  set(s, "runtime.sudog", pairs ? "c.maybeTraceablePtr.vu" : "c", channelAddress);
  return s;
}

void SyntheticRuntime::queue(Addr c, std::string_view which, const std::vector<Addr>& sudogs) {
  set(c, "runtime.hchan", std::string(which) + ".first", sudogs.empty() ? 0 : sudogs.front());
  set(c, "runtime.hchan", std::string(which) + ".last", sudogs.empty() ? 0 : sudogs.back());
  for (std::size_t i = 0; i + 1 < sudogs.size(); ++i) {
    set(sudogs[i], "runtime.sudog", "next", sudogs[i + 1]);
    set(sudogs[i + 1], "runtime.sudog", "prev", sudogs[i]);
  }
}

void SyntheticRuntime::waitOn(golang::Index goroutine, const std::vector<Addr>& sudogs) {
  snapshot.goroutines[goroutine].waitingSudog = sudogs.empty() ? 0 : sudogs.front();
  for (std::size_t i = 0; i + 1 < sudogs.size(); ++i) {
    set(sudogs[i], "runtime.sudog", "waitlink", sudogs[i + 1]);
  }
}

golang::Index SyntheticRuntime::parkOn(Addr c, bool send) {
  const golang::Index g = park(send ? "chan send" : "chan receive");
  const Addr s = sudog(g, c);
  waitOn(g, {s});
  queue(c, send ? "sendq" : "recvq", {s});
  return g;
}

/// Each root has cache lines to itself.
std::uint64_t SyntheticRuntime::semaphoreRootSize() const {
  return access.architecture->cacheLine(access.version.minor);
}

Addr SyntheticRuntime::semaphoreRoot(Addr word) const {
  return semaphoreTable + word / kWord % kSemaphoreRoots * semaphoreRootSize();
}

Addr SyntheticRuntime::acquire(golang::Index goroutine, Addr word) {
  const Addr s = sudog(goroutine, 0, word);
  set(semaphoreRoot(word), "runtime.semaRoot", "treap", s);
  if (era == Era::go126) snapshot.goroutines[goroutine].waitingSudog = s;
  return s;
}

void SyntheticRuntime::resolve() { golang::resolveWaits(snapshot, access, nullptr); }

const golang::Wait& SyntheticRuntime::wait(golang::Index goroutine, std::size_t i) const {
  static const golang::Wait kNoWait;
  const auto waits = snapshot.waitsOf(snapshot.goroutines[goroutine]);
  EXPECT_LT(i, waits.size());
  return i < waits.size() ? waits[i] : kNoWait;
}

std::string_view SyntheticRuntime::incomplete(std::string_view what) const {
  for (const Incomplete& entry : snapshot.incomplete.entries()) {
    if (entry.what == what) return entry.detail;
  }
  return {};
}

}  // namespace parked::test
