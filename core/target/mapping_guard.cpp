#include "target/mapping_guard.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace parked::target {

struct MappingGuard::Slot {
  std::atomic<std::uintptr_t> start{0};
  std::atomic<std::size_t> size{0};  // 0: free
  std::atomic<bool> faulted{false};
};

/// What the handler sees. A handler has no argument of its own, so that there is one of this.
struct Guarded {
  std::array<MappingGuard::Slot, 256> slots;
  struct sigaction previous{};
  std::uintptr_t page = 4096;

  std::mutex mutex;  // of what follows, and of changes to the rest
  std::size_t count = 0;
  bool installed = false;

  bool fill(std::uintptr_t address);
  void pass(int signal, siginfo_t* info, void* context);
  void install();
  void uninstall();
};

namespace {

constinit Guarded guarded;

void onBusError(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  // What another process or raise() sends has no address.
  const bool isFault = info->si_code > 0;
  if (!isFault || !guarded.fill(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    guarded.pass(signal, info, context);
  }
  errno = error;
}

}  // namespace

/// Runs in the handler: no locks, nothing but system calls.
bool Guarded::fill(std::uintptr_t address) {
  for (MappingGuard::Slot& slot : slots) {
    const std::size_t size = slot.size.load(std::memory_order_acquire);
    const std::uintptr_t start = slot.start.load(std::memory_order_relaxed);
    if (size == 0 || address - start >= size) continue;
    slot.faulted.store(true, std::memory_order_relaxed);
    // To the end of the mapping: a file that was cut has nothing more, and a server that is gone
    // would be waited for at each page.
    const std::uintptr_t from = address / page * page;
    return mmap(reinterpret_cast<void*>(from), start + size - from, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  return false;
}

/// As if this handler were not there.
void Guarded::pass(int signal, siginfo_t* info, void* context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else if (info->si_code > 0 || previous.sa_handler == SIG_DFL) {
    sigaction(signal, &previous, nullptr);  // a fault comes again at once, now to what was there
    if (info->si_code <= 0) raise(signal);
  }
}

void Guarded::install() {
  page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  // Known before the handler can run.
  if (sigaction(SIGBUS, nullptr, &previous) != 0) return;
  struct sigaction ours{};
  ours.sa_sigaction = onBusError;
  // On the thread's signal stack if it has one: programs with Go inside insist on it.
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigemptyset(&ours.sa_mask);
  installed = sigaction(SIGBUS, &ours, nullptr) == 0;
}

/// Whoever installed a handler meanwhile keeps it. It may pass on to this one, which therefore
/// stays and is never installed above it.
void Guarded::uninstall() {
  struct sigaction current{};
  if (sigaction(SIGBUS, nullptr, &current) != 0) return;
  if ((current.sa_flags & SA_SIGINFO) == 0 || current.sa_sigaction != onBusError) return;
  installed = sigaction(SIGBUS, &previous, nullptr) != 0;
}

MappingGuard::MappingGuard(std::span<const std::byte> mapping) {
  if (mapping.empty()) return;
  const std::lock_guard lock(guarded.mutex);
  for (Slot& slot : guarded.slots) {
    if (slot.size.load(std::memory_order_relaxed) != 0) continue;
    slot_ = &slot;
    break;
  }
  if (slot_ == nullptr) return;
  slot_->faulted.store(false, std::memory_order_relaxed);
  slot_->start.store(reinterpret_cast<std::uintptr_t>(mapping.data()), std::memory_order_relaxed);
  slot_->size.store(mapping.size(), std::memory_order_release);
  if (guarded.count++ == 0 && !guarded.installed) guarded.install();
}

MappingGuard::~MappingGuard() {
  if (slot_ == nullptr) return;
  const std::lock_guard lock(guarded.mutex);
  slot_->size.store(0, std::memory_order_release);
  if (--guarded.count == 0 && guarded.installed) guarded.uninstall();
}

bool MappingGuard::faulted() const {
  return slot_ != nullptr && slot_->faulted.load(std::memory_order_relaxed);
}

}  // namespace parked::target
