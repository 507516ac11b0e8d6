#include "report/json_bound.h"

#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace parked::report {

namespace {

constexpr JsonBound::Limits kFew = {.values = 3, .objects = 2};

/// Gives the text in pieces of `size` characters.
void give(std::string_view text, std::size_t size, JsonBound& bound) {
  for (std::size_t at = 0; at < text.size(); at += size) {
    EXPECT_TRUE(bound(text.substr(at, size)));
  }
}

void expectBounded(std::string_view text, std::string_view expected,
                   const std::map<std::string, std::pair<int, int>>& cuts = {}) {
  for (const std::size_t size : {1, 2, 3, 7, 1000}) {
    std::string out;
    JsonBound bound(
        [&out](std::string_view piece) {
          out += piece;
          return true;
        },
        kFew);
    give(text, size, bound);
    EXPECT_EQ(nlohmann::json::parse(out), nlohmann::json::parse(expected)) << out;
    std::map<std::string, std::pair<int, int>> told;
    for (const auto& [path, cut] : bound.cuts()) {
      told[path] = {static_cast<int>(cut.kept), static_cast<int>(cut.total)};
    }
    EXPECT_EQ(told, cuts);
  }
}

TEST(JsonBound, PassesOnWhatIsShort) {
  for (const std::string_view text :
       {R"({})", R"([])", R"({"a":[1,2,3],"b":[{},[]],"c":{"d":null,"e":"x"}})", R"("[1,2,3,4,5]")",
        R"({"a":"],[{,\"\\","b":[",","]","\""]})", R"({"":[true,false,-1.5e3]})", "12"}) {
    expectBounded(text, text);
  }
}

TEST(JsonBound, CutsLongArrays) {
  expectBounded(R"({"a":[1,2,3,4,5],"b":1})", R"({"a":[1,2,3],"b":1})", {{"a", {3, 5}}});
  expectBounded("{\"a\":[\n{\"x\":1},\n{\"x\":2},\n{\"x\":3},\n{\"x\":[1,2]}]}",
                R"({"a":[{"x":1},{"x":2}]})", {{"a", {2, 4}}});
  expectBounded(R"(["a","b","c,]","d]"])", R"(["a","b","c,]"])", {{"", {3, 4}}});
}

TEST(JsonBound, CutsInside) {
  expectBounded(R"({"r":{"http":[{"c":[1,2,3,4]},{"c":[1,2,3,4,5]}],"z":[[1],[2],[3]]}})",
                R"({"r":{"http":[{"c":[1,2,3]},{"c":[1,2,3]}],"z":[[1],[2]]}})",
                {{"r.http.c", {6, 9}}, {"r.z", {2, 3}}});
}

TEST(JsonBound, WhatIsLeftOutTellsNoCutsOfItsOwn) {
  expectBounded(R"([{},{},{"a":[1,2,3,4]},{"a":[1,2,3,4,5]}])", R"([{},{}])", {{"", {2, 4}}});
}

TEST(JsonBound, EndsWhenTheSinkDoes) {
  JsonBound bound([](std::string_view) { return false; }, kFew);
  EXPECT_FALSE(bound("[1"));
}

}  // namespace

}  // namespace parked::report
