// Commas, line ends, escapes and what is null, in every place they may be due.

#include "report/json_writer.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace parked::report {
namespace {

template <class Write>
std::string written(const Write& write) {
  std::string out;
  JsonWriter json(out);
  write(json);
  return out;
}

TEST(JsonWriter, CommasStandBetweenMembersAndElementsOnly) {
  const std::vector<int> none, two = {1, -2};
  EXPECT_EQ(written([&](JsonWriter& json) {
              json.object([&] {
                json.array("none", none, [&](int each) { json.value(each); });
                json.array("two", two, [&](int each) { json.value(each); });
                json.object("empty", [] {});
                json.object("in", [&] {
                  json.member("yes", true);
                  json.null("nothing");
                });
                json.member("last", 7U);
              });
            }),
            R"({"none":[],"two":[1,-2],"empty":{},"in":{"yes":true,"nothing":null},"last":7})");
}

TEST(JsonWriter, LinesBeginBehindTheComma) {
  EXPECT_EQ(written([](JsonWriter& json) {
              json.object([&] {
                json.member("a", 1);
                json.newLine();
                json.key("b");
                json.begin('[');
                for (int i = 0; i < 2; ++i) {
                  json.newLine();
                  json.value(i);
                }
                json.end(']');
                json.newLine();
                json.member("c", "d");
              });
            }),
            "{\"a\":1,\n\"b\":[\n0,\n1],\n\"c\":\"d\"}");
}

TEST(JsonWriter, WhatIsNotThereIsNull) {
  EXPECT_EQ(written([](JsonWriter& json) {
              json.object([&] {
                json.text("text", "");
                json.member("string", "");
                json.address("address", 0);
                json.member("number", std::optional<int>());
                json.member("known", std::optional<int>(0));
              });
            }),
            R"({"text":null,"string":"","address":null,"number":null,"known":0})");
}

TEST(JsonWriter, NumbersAndAddressesAtTheirEnds) {
  EXPECT_EQ(written([](JsonWriter& json) {
              json.object([&] {
                json.member("least", std::numeric_limits<std::int64_t>::min());
                json.member("most", std::numeric_limits<std::uint64_t>::max());
                json.address("one", 1);
                json.address("all", ~std::uint64_t{0});
              });
            }),
            R"({"least":-9223372036854775808,"most":18446744073709551615,)"
            R"("one":"0x1","all":"0xffffffffffffffff"})");
}

TEST(JsonWriter, TextOfTheTargetIsEscapedInKeysToo) {
  const std::string evil = "\x1b]\"\\\n\xe2\x80\xae\xff";
  EXPECT_EQ(written([&](JsonWriter& json) {
              json.object([&] {
                json.key(std::string_view(evil));
                json.value(evil);
              });
            }),
            R"({"\u001b]\"\\\n\u202e\ufffd":"\u001b]\"\\\n\u202e\ufffd"})");
}

TEST(JsonWriter, WhatIsJsonAlreadyTakesItsPlace) {
  std::string kept;
  JsonWriter members(kept);
  members.member("a", 1);
  members.member("b", 2);
  EXPECT_EQ(written([&](JsonWriter& json) {
              json.object([&] {
                json.raw(kept);
                json.member("c", 3);
              });
            }),
            R"({"a":1,"b":2,"c":3})");
}

}  // namespace
}  // namespace parked::report
