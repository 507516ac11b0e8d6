// The least a reader of goroutines can do: map the core, read every g and eight words of its stack.
// What parked's time is compared with; it makes no report and checks nothing.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/observer.h"
#include "image/image.h"
#include "schema/globals.h"
#include "target/target.h"

namespace {

struct G {
  parked::image::Field<parked::Addr> sp;
  parked::image::Field<std::uint64_t> goid;
  std::uint32_t size = 0;
};

}  // namespace

int main(int argc, char** argv) {
  using namespace parked;
  if (argc != 3) {
    std::fputs("usage: floor BINARY CORE\n", stderr);
    return 2;
  }
  target::OpenOptions options;
  options.executable = argv[1];
  auto target = target::openCore(argv[2], options);
  if (!target) {
    std::fprintf(stderr, "floor: %s\n", target.error().message.c_str());
    return 2;
  }
  Timings timings;
  auto image = image::Image::open(**target, nullptr, &timings, schema::findGlobals);
  if (!image) {
    std::fprintf(stderr, "floor: %s\n", image.error().message.c_str());
    return 2;
  }
  auto& memory = (*target)->memory();
  std::vector<std::string> missing;
  G layout;
  image::Binder binder((*image)->layouts(), "runtime.g", missing);
  binder.required(layout.sp, "sched.sp");
  binder.required(layout.goid, "goid");
  layout.size = binder.size();
  const auto allgs = (*image)->symbol("runtime.allgs");
  if (!missing.empty() || !allgs) return 2;
  const Addr list = memory.word(*allgs);
  const std::uint64_t count = memory.word(*allgs + 8);
  std::uint64_t sum = 0;
  {
    const Timings::Scope scope(&timings, "loop");
    const auto pointers = memory.bytes(list, count * 8);
    for (std::size_t i = 0; i + 8 <= pointers.size(); i += 8) {
      Addr address = 0;
      std::memcpy(&address, pointers.data() + i, 8);
      const auto g = image::readObject(memory, address, layout.size);
      sum += g[layout.goid];
      const auto stack = memory.bytesUpTo(g[layout.sp], 512);
      for (std::size_t frame = 0; (frame + 1) * 64 <= stack.size(); ++frame) {
        std::uint64_t word = 0;
        std::memcpy(&word, stack.data() + frame * 64, 8);
        sum += word;
      }
    }
  }
  std::printf("%llu goroutines, checksum %llx\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(sum));
  for (const auto& entry : timings.entries()) {
    std::printf("%-12s %.3f s\n", entry.stage.c_str(),
                std::chrono::duration<double>(entry.spent).count());
  }
  return 0;
}
