// Which response bodies nobody can close any more.
#include <algorithm>

#include "stdlib/http_reader.h"

namespace parked::stdlib {

namespace {

constexpr std::uint32_t kAbsent = image::Field<Addr>::kAbsent;

}  // namespace

/// Bodies whose every way to be closed is lost. readLoop waits on a channel of its own for the end
/// of the body. The body's two functions hold that channel, the body holds them, the response holds
/// the body; readLoop itself may hold all of it. It is lost if nobody else does.
void HttpReader::judgeBodies(const Finder& again) {
  for (Index i = 0; i < http_.connections.size(); ++i) {
    if (stop_()) return;
    const auto parts = bodies_.find(i);
    if (parts == bodies_.end()) continue;
    HttpConnection& connection = http_.connections[i];
    const auto& chain = parts->second;
    connection.bodyLost = std::ranges::none_of(chain, [&](Addr part) {
      if (!again.knowsHolders(part)) return true;
      return std::ranges::any_of(again.holdersOf(part), [&](const Holder& holder) {
        return holder.reachable && holder.goroutine != connection.reader &&
               (holder.object == 0 || std::ranges::find(chain, holder.object) == chain.end()) &&
               !isSudogOf(connection.reader, holder.object);
      });
    });
  }
}

/// The channel, and what of the rest readLoop has at hand.
std::vector<Addr> HttpReader::bodyChain(const HttpConnection& connection) {
  const Addr channel = bodyChannel(connection);
  if (channel == 0) return {};
  std::vector<Addr> chain = {channel};
  std::vector<std::string> missing;
  image::Binder response(layouts_, "net/http.Response", missing);
  image::Binder signal(layouts_, "net/http.bodyEOFSignal", missing);
  const std::uint32_t body = response.offsetOf("Body", false);
  const std::uint32_t atEnd = signal.offsetOf("fn", false);
  const std::uint32_t early = signal.offsetOf("earlyCloseFn", false);
  const std::uint32_t inner = signal.offsetOf("body", false);
  if (body == kAbsent || atEnd == kAbsent || early == kAbsent || inner == kAbsent ||
      !roots_.problem().empty()) {
    return chain;
  }
  const Addr bodyType = values_.types().find("*net/http.bodyEOFSignal");
  roots_.read(snapshot_.goroutines[connection.reader], held_);
  for (const proof::HeldPointer& pointer : held_) {
    const Interface content = values_.interface(pointer.value + body);
    if (content.type == 0 || content.type != bodyType) continue;
    chain.insert(chain.end(), {pointer.value, content.data, values_.pointer(content.data + atEnd),
                               values_.pointer(content.data + early),
                               // which knows the response for its trailer
                               values_.interface(content.data + inner).data});
    break;
  }
  return chain;
}

/// The sudogs of a goroutine point to what it waits on, too.
bool HttpReader::isSudogOf(Index goroutine, Addr object) const {
  return object != 0 &&
         std::ranges::any_of(snapshot_.waitsOf(snapshot_.goroutines[goroutine]),
                             [&](const golang::Wait& wait) { return wait.sudog == object; });
}

/// What readLoop waits on for the body's end: a channel of bool, since 1.27 of error. The others,
/// for the request's and the connection's end, are of struct {}.
Addr HttpReader::bodyChannel(const HttpConnection& connection) const {
  if (connection.state != HttpState::bodyOpen || connection.reader == kNone) return 0;
  for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[connection.reader])) {
    if (wait.kind != golang::ObjectKind::channel || wait.object >= snapshot_.channels.size()) {
      continue;
    }
    const golang::Channel& channel = snapshot_.channels[wait.object];
    if (snapshot_.strings[channel.elementType] != "struct {}") return channel.address;
  }
  return 0;
}

}  // namespace parked::stdlib
