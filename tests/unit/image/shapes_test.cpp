// Types of generic functions.

#include "image/shapes.h"

#include <gtest/gtest.h>

namespace parked::image {
namespace {

TEST(WithoutShapes, TypesThatGenericFunctionsMadeIn118) {
  EXPECT_EQ(withoutShapes("chan []go.shape.int_0"), "chan []~int");
  EXPECT_EQ(withoutShapes("main.pair[string,go.shape.*uint8_0]"), "main.pair[string,*T]");
  EXPECT_EQ(withoutShapes("main.pair[string,go.shape.struct { main.id int }_0]"),
            "main.pair[string,~struct { main.id int }]");
  EXPECT_EQ(withoutShapes("[]go.shape.struct { go.shape.id int }_0"), "[]~struct { id int }");
  EXPECT_EQ(withoutShapes("go.shape.struct { go.shape.x go.shape.int_1; y chan int }_0"),
            "~struct { x ~int; y chan int }");
  EXPECT_EQ(withoutShapes("map[go.shape.string_0]go.shape.chan int_1"), "map[~string]~chan int");
  EXPECT_EQ(withoutShapes("map[string]*main.job_0"), "map[string]*main.job_0");
  EXPECT_EQ(withoutShapes("go.shape."), "~");
}

}  // namespace
}  // namespace parked::image
