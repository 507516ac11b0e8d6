// Of a program without shared libraries (PARKED_STATIC): names of hosts and users are not looked
// up, for which glibc would load libraries of the very version that it was linked with. The web
// server of `parked watch --listen` asks for addresses in figures only, which need no look-up.
#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <new>
#include <pwd.h>

namespace {

/// One block: what freeaddrinfo() is given.
struct Answer {
  addrinfo info{};
  sockaddr_storage address{};
};

template <typename Address>
int answer(int family, Address& address, void* figures, const char* host, addrinfo** result) {
  if (inet_pton(family, host, figures) != 1) return EAI_NONAME;
  auto* made = new (std::nothrow) Answer;
  if (made == nullptr) return EAI_MEMORY;
  std::memcpy(&made->address, &address, sizeof(address));
  made->info.ai_family = family;
  made->info.ai_addrlen = sizeof(address);
  made->info.ai_addr = reinterpret_cast<sockaddr*>(&made->address);
  *result = &made->info;
  return 0;
}

}  // namespace

extern "C" {

int getaddrinfo(const char* host, const char* /*service*/, const addrinfo* hints,
                addrinfo** result) {
  if (host == nullptr) return EAI_NONAME;
  const int family = hints == nullptr ? AF_UNSPEC : hints->ai_family;
  if (family != AF_INET6) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const int done = answer(AF_INET, address, &address.sin_addr, host, result);
    if (done != EAI_NONAME || family == AF_INET) return done;
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  return answer(AF_INET6, address, &address.sin6_addr, host, result);
}

void freeaddrinfo(addrinfo* info) { delete reinterpret_cast<Answer*>(info); }

int getnameinfo(const sockaddr* address, socklen_t /*size*/, char* host, socklen_t hostSize,
                char* /*service*/, socklen_t /*serviceSize*/, int /*flags*/) {
  const void* figures = nullptr;
  if (address->sa_family == AF_INET) {
    figures = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    figures = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  } else {
    return EAI_FAMILY;
  }
  return inet_ntop(address->sa_family, figures, host, hostSize) == nullptr ? EAI_OVERFLOW : 0;
}

passwd* getpwnam(const char* /*name*/) { return nullptr; }
}
