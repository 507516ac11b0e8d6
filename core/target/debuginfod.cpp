#include "target/debuginfod.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

namespace parked::target {
namespace {

/// elfutils/debuginfod.h, which a build need not have.
struct Library {
  void* (*begin)() = nullptr;
  void (*end)(void* client) = nullptr;
  /// The id is a text where its length is 0; returns an open file, or a negative error number.
  int (*findExecutable)(void* client, const unsigned char* id, int length, char** path) = nullptr;

  static const Library* get() {
    static const Library library = [] {
      Library made;
      // Never closed: it has threads and an exit handler of its own.
      void* handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
      if (handle == nullptr) return made;
      made.begin = reinterpret_cast<decltype(begin)>(dlsym(handle, "debuginfod_begin"));
      made.end = reinterpret_cast<decltype(end)>(dlsym(handle, "debuginfod_end"));
      made.findExecutable =
          reinterpret_cast<decltype(findExecutable)>(dlsym(handle, "debuginfod_find_executable"));
      return made;
    }();
    const bool whole =
        library.begin != nullptr && library.end != nullptr && library.findExecutable != nullptr;
    return whole ? &library : nullptr;
  }
};

}  // namespace

Result<std::string> askDebuginfod(const std::string& gnuBuildId) {
  const char* servers = std::getenv("DEBUGINFOD_URLS");
  if (servers == nullptr || *servers == '\0') {
    return fail(ErrorCode::unsupported, "DEBUGINFOD_URLS names no server of debuginfod");
  }
#ifdef PARKED_STATIC
  return fail(ErrorCode::unsupported, "a program without shared libraries has no libdebuginfod");
#endif
  const Library* library = Library::get();
  if (library == nullptr) {
    return fail(ErrorCode::unsupported, "libdebuginfod.so.1 is not installed");
  }
  const std::unique_ptr<void, void (*)(void*)> client(library->begin(), library->end);
  if (client == nullptr) return fail(ErrorCode::io, "libdebuginfod does not begin");
  char* found = nullptr;
  const int file = library->findExecutable(
      client.get(), reinterpret_cast<const unsigned char*>(gnuBuildId.c_str()), 0, &found);
  const std::unique_ptr<char, void (*)(void*)> path(found, std::free);
  if (file < 0) {
    return fail(ErrorCode::notFound, fmt::format("debuginfod: {}", std::strerror(-file)));
  }
  close(file);
  return std::string(path.get());
}

}  // namespace parked::target
