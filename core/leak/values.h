// What a register or a word of a frame holds, as an expression over what was there when the
// function was called. Equal expressions are one number.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace parked::leak {

using ValueId = std::uint32_t;

struct Value {
  enum class Kind : std::uint8_t {
    opaque,         ///< nobody knows; `a` and `number` tell one from the other
    merged,         ///< of several ways into block `a`; `number`: of which register or word
    entryRegister,  ///< register `a` when the function was called
    entryWord,      ///< the frame's word at `number` when it was called
    constant,       ///< `number`
    frame,          ///< the address of the frame's word at `number`
    offset,         ///< `a` plus `number`
    sum,            ///< `a` plus `b`
    scaled,         ///< `a` times `number`
    load,           ///< the word at address `a`, as the instruction `number` read it
    acquired,       ///< not zero if the lock of site `a` was got
  };
  Kind kind = Kind::opaque;
  std::uint32_t a = 0, b = 0;
  std::int64_t number = 0;

  bool operator==(const Value&) const = default;
};

class Values {
 public:
  const Value& operator[](ValueId id) const { return values_[id]; }
  ValueId of(const Value& value);

  ValueId opaque(Addr pc, std::int64_t what);
  ValueId constant(std::int64_t number) {
    return of({.kind = Value::Kind::constant, .number = number});
  }
  ValueId frame(std::int64_t offset) { return of({.kind = Value::Kind::frame, .number = offset}); }
  ValueId plus(ValueId value, std::int64_t number);
  ValueId plus(ValueId a, ValueId b);
  ValueId times(ValueId value, std::int64_t number);
  ValueId load(ValueId address, Addr pc) {
    return of({.kind = Value::Kind::load, .a = address, .number = static_cast<std::int64_t>(pc)});
  }

  /// The value without what is added to it, and that.
  struct Split {
    ValueId base = 0;
    std::int64_t offset = 0;
  };
  Split split(ValueId value) const;
  /// Made of nothing but what was there when the function was called.
  bool ofEntry(ValueId value) const;
  /// Equal, if what was read twice was the same both times.
  bool alike(ValueId a, ValueId b) const;

  std::size_t size() const { return values_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Value& value) const;
  };
  std::vector<Value> values_;
  std::unordered_map<Value, ValueId, Hash> ids_;
};

}  // namespace parked::leak
