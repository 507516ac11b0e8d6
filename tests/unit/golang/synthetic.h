// A Go program made of bytes: memory, functions, layouts and symbols, without an executable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"
#include "target/target.h"

namespace parked::test {

/// Bytes at addresses; what was not mapped is a hole.
class SyntheticTarget : public target::Target {
 public:
  SyntheticTarget();

  /// Makes [start, start + size) readable, zeroed.
  void map(Addr start, std::size_t size);
  /// Writes into mapped memory; throws std::logic_error where nothing is mapped.
  void put(Addr address, const void* bytes, std::size_t size);
  template <class T>
  void put(Addr address, T value) {
    put(address, &value, sizeof value);
  }
  /// A Go string header at `header` whose text is put at `text`.
  void putString(Addr header, Addr text, std::string_view value);

  std::vector<target::Thread>& mutableThreads() { return threads_; }
  void setCutOff() { cutOff_ = true; }
  void setWallTimeNs(std::int64_t now) { wallTimeNs_ = now; }

 private:
  struct Block {
    Addr start;
    std::vector<std::byte> bytes;
  };
  std::deque<Block> blocks_;
};

/// A function of the synthetic program: its frame is 0 bytes at the entry and `frame` behind it.
struct SyntheticFunction {
  std::string name;
  std::uint32_t size = 0x100;
  std::uint32_t frame = 0;
  bool top = false;
  bool spWrite = false;
};

inline constexpr Addr kText = 0x400000;

/// Where the n-th function starts, when all before it have the default size.
constexpr Addr entryOf(std::uint32_t n) { return kText + n * 0x100; }

/// Layouts given by the test.
class SyntheticLayouts : public image::LayoutSource {
 public:
  void add(std::string type, std::uint32_t size, std::vector<image::FieldLayout> fields);
  void remove(const std::string& type) { types_.erase(type); }
  const image::StructLayout* find(std::string_view type) override;
  void addConstant(std::string name, std::int64_t value) { constants_[std::move(name)] = value; }
  bool constant(std::string_view name, std::int64_t& value) override;
  std::string origin() const override { return "test"; }

 private:
  std::map<std::string, image::StructLayout, std::less<>> types_;
  std::map<std::string, std::int64_t, std::less<>> constants_;
};

/// Writes a pclntab of Go 1.22 for the functions into the target and opens it.
std::unique_ptr<image::FunctionTable> makeFunctions(
    SyntheticTarget& target, const std::vector<SyntheticFunction>& functions);

}  // namespace parked::test
