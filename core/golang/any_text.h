// The values of interfaces as text, for panics: what Go's own "panic: " line says, and for values
// that it gives no more than an address for, what is in them.
// Mirrors runtime/error.go (printpanicval, Error methods), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "image/runtime_types.h"
#include "target/address_space.h"

namespace parked::golang {

struct AnyValue {
  std::string type;  ///< as %T prints it; "" if it is not known
  std::string text;
  bool known = true;  ///< false: it could not be read, and the text says so
};

class AnyText {
 public:
  AnyText(target::AddressSpace& memory, image::RuntimeTypes& types)
      : memory_(memory), types_(types) {}

  /// Of an interface value, by its type descriptor and data word; type 0 is nil.
  AnyValue read(Addr type, Addr data);

 private:
  /// The text of a value that the program made: a redacted dump has a stand-in for all of it.
  std::string whole(Addr data, std::uint64_t size, const std::function<std::string()>& make);
  /// The value at `address` in Go's syntax, with what it points to down to a small depth.
  std::string literal(const image::RuntimeType& type, Addr address, int depth);
  std::string structLiteral(const image::RuntimeType& type, Addr address, int depth);
  std::string interfaceLiteral(const image::RuntimeType& type, Addr address, int depth);
  std::string pointerLiteral(const image::RuntimeType& type, Addr address, int depth);
  /// A number, bool or complex without its type; false if the kind is none or it is not readable.
  bool scalar(const image::RuntimeType& type, Addr address, std::string& out);
  /// What the Error method of well-known types returns; false if the type is none of them.
  bool errorText(const image::RuntimeType& type, Addr address, std::string& out);
  bool boundsError(const image::RuntimeType& type, Addr address, std::string& out);
  bool assertionError(const image::RuntimeType& type, Addr address, std::string& out);
  std::string text(Addr header);
  std::string quoted(Addr header);

  target::AddressSpace& memory_;
  image::RuntimeTypes& types_;
};

}  // namespace parked::golang
