// A program that never ran: code with a few functions, and a snapshot built by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "golang/snapshot.h"
#include "leak/analysis.h"
#include "leak/code.h"

namespace parked::fake {

using golang::Index;
using golang::ObjectKind;
using golang::ReasonClass;
using golang::Status;
using golang::WaitOp;

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kNow = 100'000 * kSecond;

/// Functions at made-up addresses: pc p belongs to the function added with p.
class Code : public leak::Code {
 public:
  /// Several frames at one pc are inlined calls, innermost first.
  void add(Addr pc, std::vector<image::SourceFrame> frames) { frames_[pc] = std::move(frames); }
  void add(Addr pc, std::string_view function, std::string_view file, int line,
           bool wrapper = false) {
    image::SourceFrame frame;
    frame.function = function;
    frame.file = file;
    frame.line = line;
    frame.startLine = line - 1;
    frame.wrapper = wrapper;
    add(pc, {frame});
  }

  void expand(Addr pc, bool, std::vector<image::SourceFrame>& out) const override {
    const auto it = frames_.find(pc);
    if (it != frames_.end()) out.insert(out.end(), it->second.begin(), it->second.end());
  }
  std::string_view mainPackage() const override { return "example.com/shop/cmd/shop"; }
  std::span<const image::BuildModule> modules() const override { return builtOf; }
  std::string_view standardLibraryRoot() const override { return root; }

  std::vector<image::BuildModule> builtOf = {
      {.path = "example.com/shop", .version = "", .main = true}};
  std::string root = "/usr/local/go/src/";

 private:
  std::map<Addr, std::vector<image::SourceFrame>> frames_;
};

// pcs of the standard cast
inline constexpr Addr kGopark = 0x1000, kChansend = 0x1010, kGoexit = 0x1020, kBgsweep = 0x1030,
                      kPollWait = 0x1040, kNetRead = 0x1050, kConnServe = 0x1060,
                      kMainMain = 0x2000, kNotify = 0x2010, kHandle = 0x2020, kWorker = 0x2030,
                      kWrapper = 0x2040, kReadLoop = 0x1070, kRuntimeMain = 0x1080;

inline void addCast(Code& code) {
  const char* runtime = "/usr/local/go/src/runtime/proc.go";
  code.add(kGopark, "runtime.gopark", runtime, 435);
  code.add(kChansend, "runtime.chansend1", "/usr/local/go/src/runtime/chan.go", 157);
  code.add(kGoexit, "runtime.goexit", "/usr/local/go/src/runtime/asm_amd64.s", 1700);
  code.add(kRuntimeMain, "runtime.main", runtime, 283);
  code.add(kBgsweep, "runtime.bgsweep", "/usr/local/go/src/runtime/mgcsweep.go", 300);
  code.add(kPollWait, "internal/poll.runtime_pollWait", "/usr/local/go/src/runtime/netpoll.go",
           351);
  code.add(kNetRead, "net.(*conn).Read", "/usr/local/go/src/net/net.go", 194);
  code.add(kConnServe, "net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", 2102);
  code.add(kReadLoop, "net/http.(*persistConn).readLoop", "/usr/local/go/src/net/http/transport.go",
           2325);
  code.add(kMainMain, "main.main", "/src/shop/main.go", 20);
  code.add(kNotify, "main.(*server).notify", "/src/shop/notify.go", 88);
  code.add(kHandle, "main.(*server).handle", "/src/shop/server.go", 41);
  code.add(kWorker, "main.worker", "/src/shop/worker.go", 12);
  code.add(kWrapper, "main.main.gowrap1", "/src/shop/main.go", 18, true);
}

/// Builds a snapshot piece by piece.
class Builder {
 public:
  Builder() {
    addCast(code);
    snapshot.clock.now = snapshot.clock.lowerBound = kNow;
    snapshot.clock.gcCount = 7;
  }

  std::uint16_t reason(std::string_view text, ReasonClass kind) {
    for (std::size_t i = 0; i < snapshot.reasons.size(); ++i) {
      if (snapshot.strings[snapshot.reasons[i].text] == text) return static_cast<std::uint16_t>(i);
    }
    golang::Reason reason;
    reason.text = snapshot.strings.intern(text);
    reason.kind = kind;
    snapshot.reasons.push_back(reason);
    return static_cast<std::uint16_t>(snapshot.reasons.size() - 1);
  }

  Index stack(const std::vector<Addr>& pcs, bool truncated = false) {
    const auto known = stacks_.find({pcs, truncated});
    if (known != stacks_.end()) return known->second;
    golang::Stack stack;
    stack.first = static_cast<std::uint32_t>(snapshot.pcs.size());
    stack.count = static_cast<std::uint32_t>(pcs.size());
    stack.truncated = truncated;
    for (const Addr pc : pcs) snapshot.pcs.push_back({pc & (~Addr{0} >> 1), 0});
    snapshot.stacks.push_back(stack);
    const auto id = static_cast<Index>(snapshot.stacks.size() - 1);
    stacks_[{pcs, truncated}] = id;
    return id;
  }

  Index channel(Addr address, std::uint64_t capacity = 0, std::uint64_t length = 0,
                std::string_view element = "int", std::uint32_t size = 8) {
    golang::Channel channel;
    channel.address = address;
    channel.capacity = capacity;
    channel.length = length;
    channel.elementType = snapshot.strings.intern(element);
    channel.elementSize = size;
    channel.queuesRead = true;
    snapshot.channels.push_back(channel);
    return static_cast<Index>(snapshot.channels.size() - 1);
  }

  Index lock(ObjectKind kind, Addr address) {
    golang::Lock lock;
    lock.kind = kind;
    lock.address = address;
    lock.decoded = true;
    snapshot.locks.push_back(lock);
    return static_cast<Index>(snapshot.locks.size() - 1);
  }

  /// A goroutine with the next id; the reference is good until the next one is added.
  golang::Goroutine& goroutine(Status status, Index stackId, Addr startPc = kNotify,
                               Addr creatorPc = kHandle) {
    golang::Goroutine g;
    g.id = snapshot.goroutines.size() + 1;
    g.status = status;
    g.stack = stackId;
    g.startPc = startPc;
    g.creatorPc = creatorPc;
    g.firstWait = static_cast<Index>(snapshot.waits.size());
    snapshot.goroutines.push_back(g);
    return snapshot.goroutines.back();
  }

  golang::Goroutine& blocked(std::string_view text, ReasonClass kind, Index stackId,
                             std::int64_t age = 0, Addr startPc = kNotify) {
    golang::Goroutine& g = goroutine(Status::waiting, stackId, startPc);
    g.reason = reason(text, kind);
    if (age != 0) {  // one collection ended then, and right after it another one saw the goroutine
      g.waitSince = kNow - age - 1;
      auto& ends = snapshot.clock.gcEnds;
      for (const std::int64_t end : {kNow - age - 1, kNow - age}) {
        const auto at = std::ranges::lower_bound(ends, end);
        if (at == ends.end() || *at != end) ends.insert(at, end);
      }
    }
    return g;
  }

  /// Adds a wait to the goroutine made last.
  golang::Wait& wait(ObjectKind kind, WaitOp op, Index object = golang::kNone) {
    golang::Goroutine& g = snapshot.goroutines.back();
    golang::Wait wait;
    wait.goroutine = static_cast<Index>(snapshot.goroutines.size() - 1);
    wait.kind = kind;
    wait.op = op;
    wait.object = object;
    wait.queued = true;
    if (kind == ObjectKind::channel && object < snapshot.channels.size()) {
      golang::Channel& channel = snapshot.channels[object];
      wait.address = channel.address;
      ++(op == WaitOp::send ? channel.senders : channel.receivers);
    } else if (object < snapshot.locks.size() && kind != ObjectKind::fd) {
      wait.address = snapshot.locks[object].address;
      ++snapshot.locks[object].waiters;
    }
    snapshot.waits.push_back(wait);
    ++g.waitCount;
    return snapshot.waits.back();
  }

  /// The classic leak: blocked in a send on a channel of its own.
  golang::Goroutine& sender(Index channelId, std::int64_t age = 0) {
    blocked("chan send", ReasonClass::chanSend, stack({kGopark, kChansend, kNotify, kGoexit}), age);
    wait(ObjectKind::channel, WaitOp::send, channelId);
    return snapshot.goroutines.back();
  }
  golang::Goroutine& receiver(Index channelId, std::int64_t age = 0) {
    blocked("chan receive", ReasonClass::chanReceive, stack({kGopark, kWorker, kGoexit}), age,
            kWorker);
    wait(ObjectKind::channel, WaitOp::receive, channelId);
    return snapshot.goroutines.back();
  }

  leak::Analysis analyse(const leak::Options& options = {}) const {
    return leak::Analysis(snapshot, code, options);
  }

  Code code;
  golang::Snapshot snapshot;

 private:
  std::map<std::pair<std::vector<Addr>, bool>, Index> stacks_;
};

/// Three senders on channels of their own, two receivers of one, one running.
inline Builder mixed() {
  Builder program;
  for (Addr i = 0; i < 3; ++i) {
    program.sender(program.channel(0xc000 + 0x100 * i), static_cast<std::int64_t>(i) * kMinute);
  }
  const auto jobs = program.channel(0xd000);
  program.receiver(jobs);
  program.receiver(jobs);
  program.goroutine(Status::running, program.stack({kMainMain}));
  return program;
}

}  // namespace parked::fake
