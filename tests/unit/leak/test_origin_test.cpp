#include "leak/test_origin.h"

#include <gtest/gtest.h>

namespace parked::leak {
namespace {

TEST(TestOrigin, OfAFunction) {
  const auto test = [](std::string_view function, std::string_view file = "/src/a_test.go") {
    return testOfFunction(function, file);
  };
  EXPECT_EQ(test("example.com/shop.v2/orders.TestAll"), "TestAll");
  EXPECT_EQ(test("example.com/shop/orders.TestAll.func1.2"), "TestAll");
  EXPECT_EQ(test("orders_test.FuzzName.func1"), "FuzzName");
  EXPECT_EQ(test("orders.BenchmarkAll"), "BenchmarkAll");
  EXPECT_EQ(test("orders.ExampleOrder_Pay"), "ExampleOrder_Pay");
  EXPECT_EQ(test("orders.Test"), "Test");
  EXPECT_EQ(test("orders.Test_all"), "Test_all");
  EXPECT_EQ(test("orders.Testify"), "") << "a small letter: go test does not run it";
  EXPECT_EQ(test("orders.helper.func1"), "");
  EXPECT_EQ(test("orders.(*Suite).TestAll"), "") << "a method: somebody calls it";
  EXPECT_EQ(test("example.com/Test.com/orders.run"), "");
  EXPECT_EQ(test("orders.TestAll", "/src/orders.go"), "") << "the program's own";
  EXPECT_EQ(test(""), "");
  EXPECT_EQ(test("nothing"), "");
}

}  // namespace
}  // namespace parked::leak
