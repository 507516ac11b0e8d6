// Variables of libraries that decide whether somebody can still end a goroutine.
#include "schema/global_finders.h"

namespace parked::schema {

namespace {

constexpr std::uint64_t kWord = sizeof(Addr);

/// The only word of variables with pointers that the function reads or writes as a whole. What
/// machine code looks like by chance is neither aligned nor there, nearly always.
std::optional<Addr> onlyPointerOf(const GlobalSearch& search, std::string_view function) {
  const image::Module& module = search.modules.front();
  const auto mayBe = [&](const CodeRef& ref) {
    const bool pointers = (ref.target >= module.data && ref.target < module.dataEnd) ||
                          (ref.target >= module.bss && ref.target < module.bssEnd);
    return !ref.address && ref.width == kWord && pointers && ref.target % kWord == 0;
  };
  return GlobalSearch::only(search.refs(function, mayBe));
}

}  // namespace

/// Gives a connection a number and puts it into the list; its other variables are numbers.
std::optional<Addr> findGrpcChannelz(const GlobalSearch& search) {
  return onlyPointerOf(search, "google.golang.org/grpc/internal/channelz.RegisterSocket");
}

/// Looks for a pool in the map, whose lock has no pointers.
std::optional<Addr> findGrpcBufferPools(const GlobalSearch& search) {
  return onlyPointerOf(search, "google.golang.org/grpc/internal/transport.ioBufferPool");
}

/// Returns the channel.
std::optional<Addr> findEtcdEndless(const GlobalSearch& search) {
  return onlyPointerOf(search, "go.etcd.io/etcd/client/v3.(*valCtx).Done");
}

}  // namespace parked::schema
