// Which response bodies nobody can close any more.
#include <algorithm>

#include "golang/addr_map.h"
#include "resources/http/reader.h"
#include "resources/http/request_end.h"

namespace parked::resources {

namespace {

using image::kAbsent;

}  // namespace

/// Bodies whose every way to be closed is lost. readLoop waits on a channel of its own for the end
/// of the body. The body's two functions hold that channel, the body holds them, the response holds
/// the body; readLoop itself may hold all of it. It is lost if nobody else does, and nothing ends
/// the request.
void HttpReader::judgeBodies(const Finder& again, const Contexts& contexts) {
  if (bodies_.empty()) return;
  const RequestEnd end(snapshot_, proof_, stacks_, contexts);
  for (Index i = 0; i < http_.connections.size(); ++i) {
    if (!progress_.step()) return;
    const auto parts = bodies_.find(i);
    if (parts == bodies_.end()) continue;
    HttpConnection& connection = http_.connections[i];
    const auto& chain = parts->second;
    golang::AddrMap own;  // its sudogs point to what readLoop waits on, too
    for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[connection.reader])) {
      own.insert(wait.sudog, 0);
    }
    for (const Addr part : chain) own.insert(part, 0);
    const bool nobody = std::ranges::none_of(chain, [&](Addr part) {
      if (!again.knowsHolders(part)) return true;
      return std::ranges::any_of(again.holdersOf(part), [&](const Holder& holder) {
        return holder.reachable && holder.goroutine != connection.reader &&
               !own.contains(holder.object);
      });
    });
    connection.contextOnly = nobody && end.mayCome(connection, chain.front());
    connection.bodyLost = nobody && !connection.contextOnly;
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
      roots_.problem()) {
    return chain;
  }
  // What Client.Timeout puts around a body.
  image::Binder timer(layouts_, "net/http.cancelTimerBody", missing);
  const std::uint32_t timed = timer.offsetOf("rc", false);
  const Addr bodyType = values_.types().find("*net/http.bodyEOFSignal");
  const Addr timerType = values_.types().find("*net/http.cancelTimerBody");
  roots_.read(snapshot_.goroutines[connection.reader], held_);
  for (const proof::HeldPointer& pointer : held_) {
    Interface content = values_.interface(pointer.value + body);
    Addr around = 0;
    if (content.type != 0 && content.type == timerType && timed != kAbsent) {
      around = content.data;
      content = values_.interface(around + timed);
    }
    if (content.type == 0 || content.type != bodyType) continue;
    if (around != 0) chain.push_back(around);
    chain.insert(chain.end(), {pointer.value, content.data, values_.pointer(content.data + atEnd),
                               values_.pointer(content.data + early),
                               // which knows the response for its trailer
                               values_.interface(content.data + inner).data});
    break;
  }
  return chain;
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

}  // namespace parked::resources
